"""What the studies of recall share: questions with their keys, retrievers behind one method, scores."""
