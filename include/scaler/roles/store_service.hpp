#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scaler/base/address.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/log.hpp"
#include "scaler/net/router.hpp"
#include "scaler/net/timer.hpp"
#include "scaler/store/object_store.hpp"

namespace scaler::roles {

// How far peers may go. An object is one frame, and an answer must fit into the write queue whole:
// so both limits are those of the largest object. Memory grows with the bytes that arrive, and
// answers share the stored bytes, so a wide limit costs nothing until it is used.
struct StoreServiceLimits {
  TransportLimits transport = object_limits(std::uint64_t{64} << 30);
  store::Options store;
  // Memory files that nobody uses are kept for the next object, up to so many bytes, for a while.
  std::uint64_t kept_file_bytes_max = std::uint64_t{256} << 20;
  Duration kept_files_patience = 3s;

  static TransportLimits object_limits(std::uint64_t object_bytes_max);
};

class FileDesk;

// The object store behind a listening socket: pairs header and payload frames of each peer, lets
// ObjectStore decide, and sends its answers. The storage role runs one, and so does a scheduler
// that serves its own objects, which then asks without a connection.
class StoreService final : private net::RouterEvents {
 public:
  StoreService(net::Loop& loop, std::string identity, StoreServiceLimits limits = {},
               std::shared_ptr<tls::Context> tls = {});
  ~StoreService() override;

  // May be called for several addresses. Gives the address with the real port. Dealers of ours on
  // this host may come by a Unix socket then (net::Router::offer_same_host).
  Result<Address> listen(const Address& address);

  // Requests of this process, without a connection or an answer. A duplicate of an object that does
  // not exist yet happens when it does.
  void remove(std::span<const ObjectId> objects);
  void duplicate(const ObjectId& source, const ObjectId& copy);

  // Stops listening, writes what is queued for at most `patience`, then closes all and calls
  // on_closed.
  void shut_down(Duration patience, std::function<void()> on_closed);

  wire::StoreTotals totals() const { return store_.totals(); }
  const store::ObjectStore::Statistics& statistics() const { return store_.statistics(); }
  const net::Router::Counters& traffic() const { return router_.counters(); }
  std::size_t peers() const { return router_.peers(); }
  std::size_t files() const;  // memory files, those kept for the next object included
  std::uint64_t header_errors() const { return header_errors_; }  // each ended a connection
  void check_invariants() const { store_.check_invariants(); }

 private:
  struct Files;  // what a peer has of ours
  // Between two requests, or between a header and its payload.
  struct Peer {
    Bytes identity;
    std::optional<wire::StoreRequestHeader> awaiting_payload;
    // Announced by an ignored request of an unknown type. Nobody knows whether a payload frame
    // follows it: a frame of just this length that cannot be a header is taken for it and dropped.
    std::optional<std::uint64_t> unread_payload_bytes;
    bool passes_files = false;  // it could
    bool takes_files = false;   // and says that it does
    std::unique_ptr<Files> files;
    bool ending = false;
    std::vector<wire::StoreResponseHeader> held;  // answers that may wait
  };

  void on_peer(PeerId peer, const Bytes& identity, net::Protocol protocol) override;
  void on_message(PeerId peer, Bytes payload) override;
  void on_peer_lost(PeerId peer, std::string_view why) override;

  void on_file_request(PeerId id, Peer& peer, const wire::StoreRequestHeader& request);
  void lend(PeerId id, Peer& peer, const wire::StoreRequestHeader& request);
  void set_file(PeerId id, Peer& peer, wire::StoreRequestHeader request, const Bytes& frame);
  bool send_as_file(Peer& peer, store::Reply& answer);
  void send_file(PeerId id, wire::StoreResponseHeader header, const wire::StoreFile& said,
                 Bytes file);
  void watch_unused_files();
  void drop_unused_files();
  void on_header(PeerId id, Peer& peer, const Bytes& frame);
  void serve(PeerId id, Peer& peer, const wire::StoreRequestHeader& request, Bytes payload);
  void serve_ourselves(const wire::StoreRequestHeader& request, Bytes payload);
  void send_answers();
  void hold_answer(PeerId id, Peer& peer, const wire::StoreRequestHeader& request);
  void release(PeerId id, Peer& peer);
  void release_all();
  void end(PeerId id, Peer& peer, std::string_view why);
  void log_about(const Bytes& identity, std::string_view what);

  net::Loop& loop_;
  store::ObjectStore store_;
  std::unique_ptr<FileDesk> files_;
  Duration kept_files_patience_;
  net::Timer unused_files_;
  bool watches_unused_files_ = false;
  std::unordered_map<PeerId, Peer> peers_;
  store::Outbox answers_;
  std::vector<PeerId> holding_;  // peers with held answers
  net::Timer holding_timer_;
  std::uint64_t header_errors_ = 0;
  bool offers_same_host_ = false;
  log::RateLimit complaints_{10, 10s};
  net::Router router_;
};

}  // namespace scaler::roles
