"""The one place where the parts are assembled: settings, addresses, servers, jobs."""
