@0xc9bf5d5655974c9c;
# Headers of the object storage protocol, 80 bytes each as a message of one segment.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("scaler::wire::protocol");

struct ObjectID {
  # The 32 bytes of the id as four big-endian numbers.
  field0 @0 :UInt64;
  field1 @1 :UInt64;
  field2 @2 :UInt64;
  field3 @3 :UInt64;
}

struct ObjectRequestHeader {
  objectID @0 :ObjectID;
  payloadLength @1 :UInt64;
  requestID @2 :UInt64;
  requestType @3 :ObjectRequestType;

  enum ObjectRequestType {
    setObject @0;
    getObject @1;
    deleteObject @2;
    duplicateObjectID @3;
    infoGetTotal @4;
  }
}

struct ObjectResponseHeader {
  objectID @0 :ObjectID;
  payloadLength @1 :UInt64;
  responseID @2 :UInt64;
  responseType @3 :ObjectResponseType;

  enum ObjectResponseType {
    setOK @0;
    getOK @1;
    delOK @2;
    delNotExists @3;
    duplicateOK @4;
    infoGetTotalOK @5;
  }
}
