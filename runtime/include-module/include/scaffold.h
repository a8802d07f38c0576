// Scaffolding until the first header lands.
