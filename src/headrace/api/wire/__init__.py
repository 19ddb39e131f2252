"""The messages of the v2beta1 API and its 3.0 additions, as typed structs. Field names are protobuf's."""
