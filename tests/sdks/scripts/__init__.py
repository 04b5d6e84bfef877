"""Programs that call every method with one client each, in that client's own environment, and write down what came."""
