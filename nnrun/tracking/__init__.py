"""Other programs that show runs: TensorBoard, and MLflow."""
