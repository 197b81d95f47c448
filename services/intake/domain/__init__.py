"""What intake decides by itself: pure rules, without I/O and without a clock."""
