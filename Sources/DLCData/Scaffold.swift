// Scaffolding until the layer's first file lands.
