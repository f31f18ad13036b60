"""Local accounts: people in no directory, and the emergency administrator (緊急用管理者)."""
