#include "scheduler/manager_talk.hpp"

#include <algorithm>

namespace scaler::scheduler {

namespace {

// A manager that is not busy answers within a millisecond, and a busy one sends no heartbeats
// either. So the form is decided a moment after the first heartbeat that follows the question.
constexpr std::size_t own_workers_max = 10'000;
constexpr Duration answer_patience = 250ms;

// "worker_manager_native|<hex>" is of 2.0; later ones begin with a process id.
bool is_identity_of_2_0(const Bytes& identity) {
  return identity.text().starts_with("worker_manager_");
}

}  // namespace

void ManagerTalk::on_heartbeat(PeerId from, const Bytes& identity, TimePoint now) {
  if (peer_ != from) forget_unanswered();
  peer_ = from;
  if (form_ == Form::unknown && is_identity_of_2_0(identity)) form_ = Form::commands;
  if (form_ == Form::asked) {
    if (!asked_at_)
      form_ = Form::unknown;  // the question, or its answer, went with the old connection
    else if (!heard_after_asked_)
      heard_after_asked_ = now;
  }
  wish_due_ = form_ == Form::wishes;
}

void ManagerTalk::on_connection_lost() {
  peer_.reset();
  forget_unanswered();
}

void ManagerTalk::forget_unanswered() {
  unanswered_.clear();
  starts_unanswered_ = 0;
  asked_at_.reset();
  heard_after_asked_.reset();
}

void ManagerTalk::ask_form(std::uint32_t connected, Turn& turn) {
  form_ = Form::asked;
  asked_at_ = turn.now;
  heard_after_asked_.reset();
  wire::WorkerManagerCommand question;
  question.type = wire::ManagerCommandType::shutdown_workers;
  question.desired = {{connected, {}}};
  turn.out.push_back(Send{*peer_, std::move(question)});
}

std::optional<TimePoint> ManagerTalk::form_deadline() const {
  if (form_ != Form::asked || !heard_after_asked_) return std::nullopt;
  return *heard_after_asked_ + answer_patience;
}

void ManagerTalk::settle_form(TimePoint now) {
  const auto deadline = form_deadline();
  if (!deadline || now < *deadline) return;
  form_ = Form::wishes;
  asked_at_.reset();
}

void ManagerTalk::start(std::uint32_t count, const wire::Capabilities& capabilities, Turn& turn) {
  for (std::uint32_t i = 0; i < count; ++i) {
    wire::WorkerManagerCommand command;
    command.type = wire::ManagerCommandType::start_workers;
    command.capabilities = capabilities;
    turn.out.push_back(Send{*peer_, std::move(command)});
    unanswered_.push_back({wire::ManagerCommandType::start_workers, {}, turn.now});
  }
  starts_unanswered_ += count;
}

void ManagerTalk::stop(std::vector<Bytes> workers, Turn& turn) {
  wire::WorkerManagerCommand command;
  command.type = wire::ManagerCommandType::shutdown_workers;
  command.worker_ids = workers;
  turn.out.push_back(Send{*peer_, std::move(command)});
  unanswered_.push_back({wire::ManagerCommandType::shutdown_workers, std::move(workers), turn.now});
}

void ManagerTalk::wish(std::uint32_t workers, Turn& turn) {
  if (!wish_ || *wish_ < workers) wish_raised_ = turn.now;
  wish_ = workers;
  wish_due_ = false;
  wire::WorkerManagerCommand command;
  command.dialect = wire::ManagerDialect::v2_6;
  command.type = wire::ManagerCommandType::set_desired_task_concurrency;
  command.desired = {{workers, {}}};
  turn.out.push_back(Send{*peer_, std::move(command)});
}

ManagerTalk::Answer ManagerTalk::on_response(const wire::WorkerManagerCommandResponse& response,
                                             Turn& turn) {
  if (form_ == Form::asked && response.type == wire::ManagerCommandType::shutdown_workers) {
    form_ = Form::commands;
    asked_at_.reset();
    return {};
  }
  if (unanswered_.empty() || unanswered_.front().type != response.type) return {};
  Asked asked = std::move(unanswered_.front());
  unanswered_.pop_front();
  if (asked.type == wire::ManagerCommandType::shutdown_workers) {
    for (const Bytes& id : asked.workers)
      if (const auto own = own_workers_.find(id.text()); own != own_workers_.end())
        own_workers_.erase(own);
    return {Answer::To::stop, response.status, std::move(asked.workers)};
  }
  --starts_unanswered_;
  if (response.status == wire::ManagerResponseStatus::success) {
    started_.push_back(
        {response.worker_ids.empty() ? Bytes{} : Bytes::copy_of(response.worker_ids[0].view()),
         turn.now});
    for (const Bytes& id : response.worker_ids)
      if (own_workers_.size() < own_workers_max) own_workers_.emplace(id.text(), false);
  }
  return {Answer::To::start, response.status, {}};
}

void ManagerTalk::count_off(std::uint32_t connected) {
  const std::uint32_t before = std::exchange(connected_before_, connected);
  for (std::uint32_t risen = connected > before ? connected - before : 0; risen > 0; --risen) {
    const auto nameless = std::find_if(started_.begin(), started_.end(),
                                       [](const Started& one) { return one.id.empty(); });
    if (nameless == started_.end()) return;
    started_.erase(nameless);
  }
}

void ManagerTalk::forget_old(TimePoint now) {
  const TimePoint before = now - options_->start_patience;
  std::erase_if(started_, [&](const Started& one) { return one.at < before; });
  if (!unanswered_.empty() && unanswered_.front().at < before) forget_unanswered();
}

}  // namespace scaler::scheduler
