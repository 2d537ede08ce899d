@0x8f2d1c6a90e3b471;
# What two of our own add to a message: copies of small objects that it names, so that the receiver
# need not ask the object storage for them, and the name of a result to come, so that what takes it
# can be sent ahead. It hangs at the second pointer of the message's root,
# where no release of the peer writes anything; every release passes it over.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("scaler::wire::protocol");

struct Carried {
  mark @0 :UInt32;          # 0x52414353; anything else at this place is not ours
  resultBytesMax @1 :UInt32;  # results up to this size are wanted with their TaskResult; 0: none
  copies @2 :List(Data);    # of a task: its function, then its arguments; of a result: its results.
                            # Empty, or missing at the end: no copy
  resultId @3 :Data;        # of a task: 32 bytes, the id that its result is to have, unless it fails;
                            # empty: any
}
