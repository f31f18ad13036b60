"""The contract between broker, gateway and agent: versioned messages as JSON text frames of one WebSocket."""
