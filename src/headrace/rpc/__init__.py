"""gRPC: KFP's services over the handlers that answer over HTTP. Needs the extra `grpc`; imported when asked for."""
