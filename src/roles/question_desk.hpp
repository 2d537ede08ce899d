#pragma once

#include <functional>

#include "scaler/scheduler/scheduler.hpp"
#include "scaler/wire/inquiry.hpp"

namespace scaler::roles {

// The answer to an InformationRequest, in the form of wire/inquiry.hpp. Nothing: the request is not
// one of our questions. `status` makes the report that monitors get.
std::optional<wire::InformationResponse> answer_question(
    const wire::InformationRequest& request, scheduler::Scheduler& core,
    const std::function<wire::StateScheduler()>& status, TimePoint now, scheduler::Outbox& out);

}  // namespace scaler::roles
