#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "scaler/base/address.hpp"
#include "scaler/base/time.hpp"
#include "scaler/client/client_core.hpp"

namespace scaler::tls {
class Context;
}

namespace scaler::clientio {

// PEM files for LinkOptions::tls, both or none; none gives null.
Result<std::shared_ptr<tls::Context>> open_tls(const std::string& certificate,
                                               const std::string& key);

struct LinkOptions {
  client::Options client;
  Address scheduler;
  bool speaks_ymq_first = false;           // the other protocol is tried when this one fails
  std::shared_ptr<tls::Context> tls = {};  // its own; what to show of itself if it is asked
  // The link is crowded (is_crowded) by more payloads than this that the object storage has not
  // taken, or by more messages and small objects on their way, while both connections stand.
  std::uint64_t backlog_bytes_max = std::uint64_t{256} << 20;
  std::uint64_t crowd_bytes_max = std::uint64_t{16} << 20;
};

// One client with its own thread and loop. Requests may be posted by any thread; what they carry
// belongs to the link from then on, for the reference counts of Bytes are not atomic. Notices come
// in the link's thread, in batches, one per loop turn; the last batch ends with client::Ended.
class ClientLink {
 public:
  // Must not wait for anybody who waits for the link. An empty batch says that there is room again
  // (want_room).
  using Deliver = std::function<void(std::vector<client::Notice> batch)>;

  ClientLink(LinkOptions options, Deliver deliver);
  // Asks it to disconnect, and does not wait: the thread ends by itself, soon.
  ~ClientLink();
  ClientLink(const ClientLink&) = delete;
  ClientLink& operator=(const ClientLink&) = delete;

  // False: the link has ended; the request is left as it was, and nobody will answer it.
  bool post(client::Request&& request);

  // Whoever finds it crowded and posts no more for now calls want_room(), and then waits for a
  // batch and looks again, until has_room(): half of it has left.
  bool is_crowded() const;
  void want_room();
  bool has_room() const;

  // Room in a memory file of the store's (borrowed_file.hpp) for an object of so many bytes, which
  // may then be posted; nothing, at once or after `patience`, where there is none to be had. Waits:
  // not for the link's own thread, nor with a lock that this may want.
  Bytes borrow_file(std::uint64_t bytes, Duration patience);

  // Until the thread has ended. False: not within `patience`.
  bool wait_ended(Duration patience);

  // In a process that was forked while the link ran: forgets it, thread, descriptors and all,
  // without touching locks that the lost thread may have held. Then destroy this object.
  void abandon();

  struct Shared;  // what the thread and everybody else have in common

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace scaler::clientio
