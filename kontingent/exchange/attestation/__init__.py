"""Tables of РИС ГИА and of education documents: read by a mapping kept as data, staged, judged and written by the room of attestation."""
