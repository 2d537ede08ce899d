#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/store/shelf.hpp"
#include "scaler/wire/store_protocol.hpp"

namespace scaler::store {

// An answer to one peer: the header frame, then one payload frame if the header's payload_bytes >
// 0.
struct Reply {
  PeerId to;
  wire::StoreResponseHeader header;
  Bytes payload;
  bool unreadable = false;  // the shelf lost it: say nothing, end the connection
};
using Outbox = std::vector<Reply>;

struct Options {
  // Sum of the distinct contents in memory; 0: no limit. What would pass it moves others to the
  // shelf, the larger and longer unused first. Without a shelf, or when that is full, such a set is
  // refused.
  std::uint64_t memory_bytes_max = 0;
  Shelf* shelf = nullptr;  // outlives the store
  // Requests held back; each costs about 250 bytes.
  std::uint64_t waiting_per_peer_max = std::uint64_t{1} << 18;
  std::uint64_t waiting_max = std::uint64_t{1} << 21;
  std::uint64_t hash_seed = 0;  // random in a server, so that nobody can choose colliding ids
};

// What became of a request. The protocol knows no error answers: a refused request gets none, and
// its peer's connection has to end, or that peer would wait for ever.
enum class Outcome : std::uint8_t {
  accepted,               // answered, or held back
  ignored,                // an unknown type or a malformed duplicate: counted, no answer
  refused_waiting,        // this peer, or all together, wait for too many objects
  refused_out_of_memory,  // the set fits neither below memory_bytes_max nor on the shelf
};

// Which bytes exist, and who waits for them. Knows no socket. Contents are shared by reference
// count between an id and its duplicates; equal contents are not looked for. An id that exists is
// never waited for.
class ObjectStore {
 public:
  explicit ObjectStore(Options options);
  ~ObjectStore();

  // `payload` is the frame that followed a set or a duplicate, else empty; its length decides, not
  // the header's. Gets and duplicates of an absent object are held back until a set or a duplicate
  // makes it; chains of duplicates resolve transitively. What a set releases is answered before the
  // set itself, in the order of asking; what a duplicate releases, after it. O(1) and O(released).
  [[nodiscard]] Outcome on_request(PeerId from, const wire::StoreRequestHeader& request,
                                   Bytes payload, Outbox& out);

  // Its waiting requests are forgotten. O(waiting requests of that peer).
  void on_peer_lost(PeerId peer);

  // Memory for an object that is on its way counts as used. False: there is none.
  bool reserve(std::uint64_t bytes);
  void unreserve(std::uint64_t bytes);

  wire::StoreTotals totals() const;
  struct Statistics {
    std::uint64_t requests = 0, waiting = 0, bytes_in = 0, bytes_out = 0, ids_most = 0,
                  bytes_most = 0;
    std::uint64_t waiting_most = 0;
    std::uint64_t ignored = 0;          // Outcome::ignored
    std::uint64_t refused = 0;          // all kinds
    std::uint64_t size_mismatches = 0;  // sets whose header announced another length
    std::uint64_t unreadable = 0;       // gets that the shelf failed
    std::uint64_t shelved = 0;          // contents that ever moved to the shelf
    std::uint64_t shelved_bytes = 0;    // on the shelf after the last set
  };
  const Statistics& statistics() const;
  void check_invariants() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::store
