#include <algorithm>
#include <functional>
#include <numeric>

#include "scaler/view/cluster_view.hpp"

namespace scaler::view {
namespace {

using Client = wire::StateScheduler::ClientTasks;

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

std::string_view text_of(const WorkerView& worker, Column column) {
  if (column == Column::manager) return worker.manager_id.text();
  return column == Column::worker ? worker.status.worker.text() : worker.status.itl;
}

std::uint64_t number_of(const WorkerView& worker, Column column) {
  switch (column) {
    case Column::agent_cpu:
      return worker.status.agent.cpu_permille;
    case Column::agent_rss:
      return worker.status.agent.rss_bytes;
    case Column::cpu:
      return worker.cpu_permille;
    case Column::rss:
      return worker.rss_bytes;
    case Column::host_free:
      return worker.status.rss_free_bytes;
    case Column::free:
      return worker.status.free;
    case Column::sent:
      return worker.status.sent;
    case Column::queued:
      return worker.status.queued;
    case Column::suspended:
      return worker.status.suspended;
    case Column::lag:
      return worker.status.lag_us;
    case Column::manager:
    case Column::worker:
    case Column::itl:
      break;
  }
  return 0;
}

bool less(const WorkerView& a, const WorkerView& b, Column by) {
  const bool is_text = by == Column::manager || by == Column::worker || by == Column::itl;
  return is_text ? text_of(a, by) < text_of(b, by) : number_of(a, by) < number_of(b, by);
}

// Zero where workers have nothing to add up.
std::uint64_t sum_of(const Totals& totals, Column column) {
  switch (column) {
    case Column::worker:
      return totals.workers;
    case Column::agent_cpu:
      return totals.agent_cpu_permille;
    case Column::agent_rss:
      return totals.agent_rss_bytes;
    case Column::cpu:
      return totals.cpu_permille;
    case Column::rss:
      return totals.rss_bytes;
    case Column::free:
      return totals.free;
    case Column::sent:
      return totals.sent;
    case Column::queued:
      return totals.queued;
    case Column::suspended:
      return totals.suspended;
    case Column::manager:
    case Column::host_free:
    case Column::lag:
    case Column::itl:
      break;
  }
  return 0;
}

// The places of rows in order; equals stay as they were, in both directions. One sort for all kinds
// of rows.
std::vector<std::size_t> sorted(std::size_t count, Direction direction,
                                const std::function<bool(std::size_t, std::size_t)>& less) {
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    return direction == Direction::descending ? less(b, a) : less(a, b);
  });
  return places;
}

bool less(const ManagerView& a, const ManagerView& b, Column by) {
  if (by == Column::manager) return a.id.text() < b.id.text();
  return sum_of(a.totals, by) < sum_of(b.totals, by);
}

bool less(const Client& a, const Client& b, Column by) {
  if (by == Column::worker) return a.client.text() < b.client.text();
  return a.tasks < b.tasks;
}

bool matches(const Client& client, std::string_view filter) {
  return contains(client.client.text(), filter);
}

bool matches(const WorkerView& worker, std::string_view filter) {
  if (contains(worker.status.worker.text(), filter)) return true;
  if (contains(worker.manager_id.text(), filter)) return true;
  return worker.capabilities &&
         std::any_of(worker.capabilities->begin(), worker.capabilities->end(),
                     [&](const wire::Capability& one) { return contains(one.name, filter); });
}

bool matches(const ManagerView& manager, std::string_view filter) {
  if (contains(manager.id.text(), filter)) return true;
  return manager.detail && (contains(manager.detail->identity, filter) ||
                            contains(manager.detail->capabilities, filter));
}

template <class Row>
std::vector<const Row*> rows_of(const std::vector<Row>& all, std::string_view filter,
                                Direction direction, bool (*less)(const Row&, const Row&, Column),
                                Column by) {
  std::vector<const Row*> kept;
  for (const Row& row : all)
    if (filter.empty() || matches(row, filter)) kept.push_back(&row);
  std::vector<const Row*> rows;
  for (const std::size_t place : sorted(kept.size(), direction, [&](std::size_t a, std::size_t b) {
         return less(*kept[a], *kept[b], by);
       }))
    rows.push_back(kept[place]);
  return rows;
}

}  // namespace

bool contains(std::string_view name, std::string_view filter) {
  return std::search(name.begin(), name.end(), filter.begin(), filter.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != name.end() ||
         filter.empty();
}

std::vector<const WorkerView*> worker_rows(const ClusterView& view, Order order,
                                           std::string_view filter) {
  return rows_of(view.workers(), filter, order.direction, less, order.by);
}

std::vector<const ManagerView*> manager_rows(const ClusterView& view, Order order,
                                             std::string_view filter) {
  return rows_of(view.managers(), filter, order.direction, less, order.by);
}

std::vector<const Client*> client_rows(const ClusterView& view, Order order,
                                       std::string_view filter) {
  return rows_of(view.state().clients, filter, order.direction, less, order.by);
}

}  // namespace scaler::view
