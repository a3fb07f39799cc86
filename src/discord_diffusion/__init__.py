"""Turn Discord interactions into pictures on a GPU fleet that sleeps while nobody asks."""
