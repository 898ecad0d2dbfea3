"""What the descriptor says of people, licences and DOIs (citation), and the descriptor of the release (datapackage)."""
