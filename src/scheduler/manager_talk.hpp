#pragma once

#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/ids.hpp"
#include "scaler/scheduler/scaling.hpp"
#include "scaler/wire/messages.hpp"
#include "scheduler/monitor.hpp"

namespace scaler::scheduler {

// What is said between the scheduler and one worker manager about its workers.
//
// Managers up to 2.2 are told to start one worker or to stop the named ones, and answer each
// command. Those of 2.6 are told how many they should have, do not answer, and stop whom they like.
// The wrong form starts or stops workers that nobody spoke of, so before the first word the form is
// found out: from the identity, or by a question that only the older ones answer.
class ManagerTalk {
 public:
  enum class Form : std::uint8_t { unknown, asked, commands, wishes };

  explicit ManagerTalk(const ScalingOptions& options) : options_(&options) {}

  // A heartbeat came. A new connection or identity makes what was unanswered void.
  void on_heartbeat(PeerId from, const Bytes& identity, TimePoint now);
  void on_connection_lost();
  std::optional<PeerId> peer() const { return peer_; }
  Form form() const { return form_; }

  // `connected`: how many workers it has. The answer decides the form; so does none.
  void ask_form(std::uint32_t connected, Turn& turn);
  // When the silence after the question will have been long enough; settle_form() decides then.
  std::optional<TimePoint> form_deadline() const;
  void settle_form(TimePoint now);

  // One command is answered before the next ones are given.
  bool may_command() const { return form_ == Form::commands && unanswered_.empty(); }
  void start(std::uint32_t count, const wire::Capabilities& capabilities, Turn& turn);
  void stop(std::vector<Bytes> workers, Turn& turn);

  // Absolute: all that it should have. Said again at each heartbeat.
  void wish(std::uint32_t workers, Turn& turn);
  // Whether it named this worker when it started it: workers of 1.12 do not say whose they are.
  bool has_started(std::string_view worker) const { return own_workers_.contains(worker); }
  // Forgets those that have come and gone again. `is_there` knows by id.
  template <class IsThere>
  void forget_gone(IsThere is_there) {
    for (auto own = own_workers_.begin(); own != own_workers_.end();) {
      const bool is_now = is_there(own->first);
      const bool has_gone = own->second && !is_now;
      own->second = is_now;
      own = has_gone ? own_workers_.erase(own) : std::next(own);
    }
  }
  bool is_wish_due() const { return wish_due_; }

  struct Answer {
    enum class To : std::uint8_t { nothing, start, stop } to = To::nothing;
    wire::ManagerResponseStatus status = wire::ManagerResponseStatus::success;
    std::vector<Bytes> asked;  // whom to stop
  };
  // Takes the answer to the oldest command; nothing, if none of that kind was given.
  Answer on_response(const wire::WorkerManagerCommandResponse& response, Turn& turn);

  // Workers that were asked for and are not there yet. `is_there` knows by id; starts that have no
  // id are counted off by the growing number of connected workers. Patience ends here.
  template <class IsThere>
  std::uint32_t starting(IsThere is_there, std::uint32_t connected, TimePoint now) {
    std::erase_if(started_,
                  [&](const Started& one) { return !one.id.empty() && is_there(one.id.text()); });
    count_off(connected);
    forget_old(now);
    if (form_ == Form::wishes)
      return wish_ && now - wish_raised_ <= options_->start_patience && *wish_ > connected
                 ? *wish_ - connected
                 : 0;
    return starts_unanswered_ + static_cast<std::uint32_t>(started_.size());
  }

 private:
  struct Asked {
    wire::ManagerCommandType type;
    std::vector<Bytes> workers;
    TimePoint at;
  };
  struct Started {
    Bytes id;  // empty: it did not say
    TimePoint at;
  };
  void count_off(std::uint32_t connected);
  void forget_old(TimePoint now);
  void forget_unanswered();

  const ScalingOptions* options_;
  std::optional<PeerId> peer_;
  Form form_ = Form::unknown;
  std::optional<TimePoint> asked_at_;           // the question after the form
  std::optional<TimePoint> heard_after_asked_;  // the first heartbeat after it
  std::deque<Asked> unanswered_;
  std::uint32_t starts_unanswered_ = 0;
  std::deque<Started> started_;
  std::map<std::string, bool, std::less<>> own_workers_;  // and whether it is there; bounded
  std::uint32_t connected_before_ = 0;
  std::optional<std::uint32_t> wish_;
  TimePoint wish_raised_{};
  bool wish_due_ = false;
};

}  // namespace scaler::scheduler
