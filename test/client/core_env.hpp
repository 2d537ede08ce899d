#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scaler/client/client_core.hpp"

namespace scaler::client {

inline ObjectId object(std::uint64_t number) {
  ObjectId id;
  store_be64(id.bytes.data() + 24, number + 1);
  return id;
}
inline TaskId task(std::uint64_t number, std::uint64_t graph = 0) {
  TaskId id;
  store_le64(id.bytes.data(), graph);
  store_be64(id.bytes.data() + 8, number + 1);
  return id;
}

inline bool releases(const std::optional<wire::ObjectInstruction>& said, const ObjectId& id) {
  return said && said->type == wire::ObjectInstructionType::remove &&
         std::find(said->ids.begin(), said->ids.end(), id) != said->ids.end();
}

// A core between a scripted scheduler and a store that is a map. Every step checks the invariants.
class CoreEnv {
 public:
  explicit CoreEnv(Options options = {}) : core(with_defaults(std::move(options))) {
    core.start(now, out);
  }

  static Options with_defaults(Options options) {
    options.identity = "Client|0123";
    options.scheduler_address = "tcp://127.0.0.1:1";
    options.serializer = Bytes::copy_of("serializer");
    return options;
  }

  void connect(bool copies_welcome = false) {
    core.on_scheduler_connected(now, out);
    core.send_heartbeat({}, now, out);
    wire::ClientHeartbeatEcho echo{{"127.0.0.1", 7, "tcp"}};
    if (copies_welcome) echo.carried.result_bytes_max = wire::copy_bytes_max;
    hear(echo);
    core.on_store_connected(now, out);
    step();
    REQUIRE(take<Ready>());
  }

  void store_serializer() {
    core.on_object_stored(serializer_id_of(as_bytes("Client|0123")), now, out);
  }

  void ask(Request request) { core.on_request(std::move(request), now, out); }
  void hear(wire::Message message) { core.on_scheduler_message(std::move(message), now, out); }
  void pass(Duration time) {
    step();
    now += time;
    core.on_deadline(now, out);
    step();
  }

  // Ends the turn and sorts what came of it.
  void step() {
    core.finish_turn(now, out);
    core.check_invariants();
    for (Effect& effect : out.effects) {
      if (const auto* put = std::get_if<PutObject>(&effect)) unstored.push_back(put->id);
      effects.push_back(std::move(effect));
    }
    for (Notice& notice : out.notices) notices.push_back(std::move(notice));
    out = {};
  }

  // The first message of a kind that was said and not taken yet.
  template <class Message>
  std::optional<Message> said() {
    step();
    for (auto effect = effects.begin(); effect != effects.end(); ++effect) {
      auto* to = std::get_if<ToScheduler>(&*effect);
      if (to == nullptr) continue;
      if (auto* message = std::get_if<Message>(&to->message)) {
        Message found = std::move(*message);
        effects.erase(effect);
        return found;
      }
    }
    return std::nullopt;
  }
  template <class What>
  std::optional<What> done() {
    step();
    for (auto effect = effects.begin(); effect != effects.end(); ++effect) {
      if (auto* what = std::get_if<What>(&*effect)) {
        What found = std::move(*what);
        effects.erase(effect);
        return found;
      }
    }
    return std::nullopt;
  }
  template <class What>
  std::optional<What> take() {
    step();
    for (auto notice = notices.begin(); notice != notices.end(); ++notice) {
      if (auto* what = std::get_if<What>(&*notice)) {
        What found = std::move(*what);
        notices.erase(notice);
        return found;
      }
    }
    return std::nullopt;
  }
  void forget_said() {
    step();
    effects.clear();
  }

  void upload(const ObjectId& id, std::string_view payload) {
    Upload request;
    request.objects.push_back({id, {}, Bytes::copy_of(payload)});
    ask(std::move(request));
  }
  // One task with one argument and a function of its own, or of a function that was uploaded.
  void submit(std::uint64_t number, Fetch fetch = Fetch::lazy,
              std::optional<ObjectId> function = std::nullopt, bool large = false) {
    const ObjectId own = object(5000 + number);
    if (!function) upload(own, "f");
    Submit request;
    request.function = function.value_or(own);
    request.fetch = fetch;
    request.objects.push_back({object(100 + number), {}, Bytes::copy_of("argument")});
    request.tasks.push_back({task(number), number + 1, {{object(100 + number), true, large}}});
    ask(std::move(request));
    if (!function) ask(Release{{own}});
  }
  // The store acknowledges what it was sent.
  void store_all() {
    step();
    for (const ObjectId& id : std::exchange(unstored, {})) core.on_object_stored(id, now, out);
  }
  // A worker had all objects from the store.
  void finish(std::uint64_t number, wire::TaskResultType type = wire::TaskResultType::success) {
    store_all();
    wire::TaskResult result{task(number), type, {}, {}};
    if (type != wire::TaskResultType::failed_worker_died)
      result.results.push_back(object(1000 + number));
    hear(result);
  }
  void bring(std::uint64_t number, std::string_view payload) {
    core.on_object(object(1000 + number), Bytes::copy_of(payload), now, out);
  }

  TimePoint now{std::chrono::hours(1)};
  ClientCore core;
  Outbox out;
  std::vector<Effect> effects;
  std::vector<ObjectId> unstored;
  std::vector<Notice> notices;
};

}  // namespace scaler::client
