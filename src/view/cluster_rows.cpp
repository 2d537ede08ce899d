#include <algorithm>

#include "scaler/view/cluster_view.hpp"

namespace scaler::view {
namespace {

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
std::vector<const Row*> rows_of(const std::vector<Row>& all, std::string_view filter) {
  std::vector<const Row*> rows;
  for (const Row& row : all)
    if (filter.empty() || matches(row, filter)) rows.push_back(&row);
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
  auto rows = rows_of(view.workers(), filter);
  std::stable_sort(rows.begin(), rows.end(), [&](const WorkerView* a, const WorkerView* b) {
    return order.direction == Direction::descending ? less(*b, *a, order.by)
                                                    : less(*a, *b, order.by);
  });
  return rows;
}

std::vector<const ManagerView*> manager_rows(const ClusterView& view, std::string_view filter) {
  return rows_of(view.managers(), filter);
}

}  // namespace scaler::view
