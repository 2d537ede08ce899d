#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "embed/native/python_api.hpp"
#include "scaler/base/random.hpp"
#include "scaler/clientio/client_link.hpp"

namespace scaler::native {

// One client as Python's threads see it. Everything is read and written with the GIL; the link is
// the thread beside it. Lives as long as the client object, a future of it, or its thread.
struct Session {
  std::unique_ptr<clientio::ClientLink> link;
  std::string identity;
  PyObject* serialize = nullptr;    // called for what plain pickle cannot do
  PyObject* deserialize = nullptr;  // null: pickle.loads, which reads any memory
  PyObject* explain = nullptr;      // called with (text, open tasks): why one has not ended
  bool default_serializer = true;
  bool streams = false;
  bool profiling = true;
  Random random = Random::from_system();
  std::array<std::byte, 16> owner_hash{};
  std::unordered_set<ObjectId> references;  // of send_object, still valid
  int users = 1;

  bool ready = false;
  bool ended = false;
  bool dropped = false;  // nobody refers to the client object any more
  client::Reason end_reason = client::Reason::left;
  std::string end_text;
  std::uint64_t clears_asked = 0;
  std::uint64_t clears_done = 0;
  bool shutdown_answered = false;
  bool shutdown_accepted = false;
  unsigned generation = 0;  // of the process: a forked child has another
};

void retain(Session* session);
void release(Session* session);

// Starts it; null with an exception set. The caller holds one of its users.
struct SessionOptions {
  clientio::LinkOptions link;
  PyObject* serialize = nullptr;
  PyObject* deserialize = nullptr;
  PyObject* explain = nullptr;
  bool default_serializer = true;
  bool streams = false;
  bool profiling = true;
};
Session* start_session(SessionOptions options);

// False with an exception set, if this process is a fork of the client's or the client has ended.
bool check_usable(const Session* session);
bool check_not_forked(const Session* session);

// False with ClientQuitException set, if nobody is there any more to take it.
bool post(Session* session, client::Request&& request);

// Says it if somebody is there to hear it: not after the end, and not in a fork.
void tell(Session* session, client::Request&& request);

// Waits while too many bytes are on their way. -1: with an exception set.
int wait_for_room(Session* session);

ObjectId new_object_id(Session* session);
TaskId new_task_id(Session* session);

// One notice, with the GIL.
void apply(Session* session, client::Notice& notice);

// A new exception object for a reason; null with another exception set.
PyObject* make_exception(client::Reason reason, const std::string& text);

void end_all_sessions(double seconds);  // at exit
void sessions_after_fork();
unsigned process_generation();

}  // namespace scaler::native
