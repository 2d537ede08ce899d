#include "embed/native/session.hpp"

#include <cstring>

#include "embed/native/future.hpp"
#include "embed/native/names.hpp"
#include "embed/native/pump.hpp"

namespace scaler::native {

namespace {

auto* sessions = new std::unordered_set<Session*>;  // never destroyed, see pump.cpp
unsigned generation = 1;

// Written to by one of the session's streams, with the GIL.
void print_output(const client::Output& output) {
  PyObject* stream = PySys_GetObject(output.standard_error ? "stderr" : "stdout");  // borrowed
  if (stream == nullptr || stream == Py_None) return;
  Py_INCREF(stream);
  PyObject* text = PyUnicode_DecodeUTF8(output.text.data(),
                                        static_cast<Py_ssize_t>(output.text.size()), "replace");
  PyObject* written = text == nullptr ? nullptr : PyObject_CallMethod(stream, "write", "O", text);
  if (written == nullptr) PyErr_WriteUnraisable(stream);
  Py_XDECREF(written);
  Py_XDECREF(text);
  Py_DECREF(stream);
}

// A handler of the log is user code, so it is not called here.
void tell_explanation(Session* session, const client::Explained& explained) {
  PyObject* text = PyUnicode_DecodeUTF8(explained.text.data(),
                                        static_cast<Py_ssize_t>(explained.text.size()), "replace");
  PyObject* argument =
      text == nullptr ? nullptr
                      : Py_BuildValue("(On)", text, static_cast<Py_ssize_t>(explained.open_tasks));
  Py_XDECREF(text);
  if (argument != nullptr)
    pump::call_later(own(session->explain), argument);
  else
    PyErr_Clear();  // it is not worth a failure
  Py_XDECREF(argument);
}

void apply_end(Session* session, client::Ended& ended) {
  session->ended = true;
  session->end_reason = ended.reason;
  session->end_text = std::move(ended.text);
  if (session->streams) pump::unwant_delivery();
  release(session);  // the thread's own
}

}  // namespace

unsigned process_generation() { return generation; }

void retain(Session* session) { ++session->users; }

void release(Session* session) {
  if (--session->users > 0) return;
  if (session->generation != generation) {
    if (session->link) session->link->abandon();
  }
  sessions->erase(session);
  PyObject* serialize = session->serialize;
  PyObject* deserialize = session->deserialize;
  PyObject* explain = session->explain;
  delete session;
  Py_XDECREF(serialize);
  Py_XDECREF(deserialize);
  Py_XDECREF(explain);
}

Session* start_session(SessionOptions options) {
  auto* session = new Session;
  session->identity = options.link.client.identity;
  session->owner_hash = owner_hash_of(as_bytes(session->identity));
  session->serialize = own(options.serialize);
  session->deserialize = options.deserialize == nullptr ? nullptr : own(options.deserialize);
  session->explain = own(options.explain);
  session->default_serializer = options.default_serializer;
  session->streams = options.streams;
  session->profiling = options.profiling;
  session->generation = generation;
  session->users = 2;  // the client object, and the thread until it says that it has ended
  sessions->insert(session);
  if (session->streams) pump::want_delivery();
  session->link = std::make_unique<clientio::ClientLink>(
      std::move(options.link),
      [session](std::vector<client::Notice> batch) { pump::post(session, std::move(batch)); });
  return session;
}

bool check_not_forked(const Session* session) {
  if (session->generation == generation) return true;
  raise("ClientQuitException",
        "this client was made before the process was forked, and its connections stayed with the "
        "parent: make a new Client in the child");
  return false;
}

bool check_usable(const Session* session) {
  if (!check_not_forked(session)) return false;
  if (!session->ended) return true;
  if (session->end_reason == client::Reason::left)
    raise("ClientQuitException", "client is already stopped.");
  else
    raise("ClientQuitException", ("client is already stopped: " + session->end_text).c_str());
  return false;
}

bool post(Session* session, client::Request&& request) {
  if (session->link->post(std::move(request))) return true;
  raise("ClientQuitException", "client is already stopped.");
  return false;
}

void tell(Session* session, client::Request&& request) {
  if (!session->ended && session->generation == process_generation())
    session->link->post(std::move(request));
}

int wait_for_room(Session* session) {
  if (!session->link->is_crowded()) return 0;
  session->link->want_room();
  const auto has_room = [](void* what) {
    const auto* waiting = static_cast<Session*>(what);
    return waiting->ended || waiting->link->has_room();
  };
  return pump::wait(has_room, session, -1) < 0 ? -1 : 0;
}

ObjectId new_object_id(Session* session) {
  ObjectId id;
  std::memcpy(id.bytes.data(), session->owner_hash.data(), 16);
  session->random.fill({id.bytes.data() + 16, 16});
  return id;
}

TaskId new_task_id(Session* session) {
  TaskId id;
  session->random.fill(id.bytes);
  return id;
}

void apply(Session* session, client::Notice& notice) {
  if (auto* finished = std::get_if<client::Finished>(&notice)) {
    settle_finished(*finished);
  } else if (auto* arrived = std::get_if<client::Arrived>(&notice)) {
    settle_arrived(*arrived);
  } else if (auto* canceled = std::get_if<client::Canceled>(&notice)) {
    settle_canceled(*canceled);
  } else if (auto* lost = std::get_if<client::Lost>(&notice)) {
    settle_lost(*lost);
  } else if (auto* output = std::get_if<client::Output>(&notice)) {
    print_output(*output);
  } else if (auto* explained = std::get_if<client::Explained>(&notice)) {
    tell_explanation(session, *explained);
  } else if (std::holds_alternative<client::Ready>(notice)) {
    session->ready = true;
  } else if (std::holds_alternative<client::Cleared>(notice)) {
    ++session->clears_done;
  } else if (auto* answer = std::get_if<client::ShutdownAnswered>(&notice)) {
    session->shutdown_answered = true;
    session->shutdown_accepted = answer->accepted;
  } else if (auto* ended = std::get_if<client::Ended>(&notice)) {
    apply_end(session, *ended);
  }
}

PyObject* make_exception(client::Reason reason, const std::string& text) {
  PyObject* type = nullptr;
  switch (reason) {
    case client::Reason::worker_died:
      type = exception_class("WorkerDiedError");
      break;
    case client::Reason::scheduler_lost:
      type = own(PyExc_TimeoutError);
      break;
    case client::Reason::storage_lost:
      type = exception_class("ObjectStorageException");
      break;
    case client::Reason::left:
      type = exception_class("ClientQuitException");
      break;
  }
  if (type == nullptr) return nullptr;
  PyObject* exception = PyObject_CallFunction(type, "s", text.c_str());
  Py_DECREF(type);
  return exception;
}

void end_all_sessions(double seconds) {
  std::vector<Session*> open(sessions->begin(), sessions->end());
  for (Session* session : open)
    if (session->generation == generation) session->link->post(client::Disconnect{});
  PyThreadState* thread = PyEval_SaveThread();
  const auto begin = std::chrono::steady_clock::now();
  for (Session* session : open) {
    const auto passed = std::chrono::steady_clock::now() - begin;
    const Duration left =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)) - passed;
    if (session->generation == generation)
      session->link->wait_ended(left > Duration::zero() ? left : Duration::zero());
  }
  PyEval_RestoreThread(thread);
  pump::drain();
}

void sessions_after_fork() { ++generation; }

}  // namespace scaler::native
