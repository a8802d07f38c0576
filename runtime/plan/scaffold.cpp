// Scaffolding until the first file lands.
