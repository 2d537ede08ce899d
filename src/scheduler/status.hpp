#pragma once

#include "scaler/base/time.hpp"
#include "scaler/wire/messages.hpp"
#include "scheduler/clients.hpp"
#include "scheduler/managers.hpp"
#include "scheduler/objects.hpp"
#include "scheduler/tasks.hpp"
#include "scheduler/workers.hpp"

namespace scaler::scheduler {

// The report that monitors get each second, without what only the role knows.
wire::StateScheduler status_of(const TaskTable& tasks, const ClientTable& clients,
                               const WorkerTable& workers, const ManagerTable& managers,
                               const ObjectRegistry& objects, TimePoint now);

}  // namespace scaler::scheduler
