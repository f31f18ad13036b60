// guacamole-lite as its own examples start it, without its log: PORT GUACD_PORT KEY
const GuacamoleLite = require("guacamole-lite");

const [port, guacdPort, key] = process.argv.slice(2);
new GuacamoleLite(
  { port: Number(port), host: "127.0.0.1" },
  { host: "127.0.0.1", port: Number(guacdPort) },
  { crypt: { cypher: "AES-256-CBC", key }, log: { level: "QUIET" } },
);
