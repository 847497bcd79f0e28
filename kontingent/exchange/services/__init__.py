"""Other e-services on the rails of ЕПГУ: the certificate of study with its open check page (справка об обучении, ADR 0032)."""
