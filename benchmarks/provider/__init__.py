"""What reading an answer costs, beside the clients that people use today."""
