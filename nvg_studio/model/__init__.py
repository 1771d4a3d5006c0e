"""The networks of NVG and their files (torch, safetensors; no Qt)."""
