"""Drawings as SVG, made on the server from numbers: what is where is computed here, colors come from the stylesheet."""
