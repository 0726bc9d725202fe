"""Human spine pose estimation in the Hugging Face ecosystem."""
