#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/wire/store_protocol.hpp"

namespace scaler::store {

// An answer to one peer: the header frame, then one payload frame if the header's payload_bytes >
// 0.
struct Reply {
  PeerId to;
  wire::StoreResponseHeader header;
  Bytes payload;
};
using Outbox = std::vector<Reply>;

struct Options {
  std::uint64_t memory_bytes_max = 0;  // 0: no limit
};

// Which bytes exist, and who waits for them. Knows no socket. Contents are shared by reference
// count between an id and its duplicates; equal contents are not looked for unless a strong digest
// and the length agree.
class ObjectStore {
 public:
  explicit ObjectStore(Options options);
  ~ObjectStore();

  // `payload` is the frame that followed a set or a duplicate, else empty. Gets and duplicates of
  // an absent object are held back until a set; releasing them comes before that set's own answer,
  // and chains of duplicates resolve transitively.
  void on_request(PeerId from, const wire::StoreRequestHeader& request, Bytes payload, Outbox& out);
  void on_peer_lost(
      PeerId peer);  // its waiting requests are forgotten; O(waiting requests of that peer)

  wire::StoreTotals totals() const;
  struct Statistics {
    std::uint64_t requests = 0, waiting = 0, bytes_in = 0, bytes_out = 0, ids_most = 0,
                  bytes_most = 0;
  };
  const Statistics& statistics() const;
  void check_invariants() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::store
