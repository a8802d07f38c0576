// Scaffolding until the runtime's first file lands.
