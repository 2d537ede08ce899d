#include "view/terminal_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "scaler/view/formats.hpp"

namespace scaler::view {
namespace {

constexpr std::uint8_t silence_worth_a_word_seconds = 5;
constexpr std::uint32_t unlimited = ~std::uint32_t{0};

void mark_sorted(TableColumn& column) {
  column.heading = fmt::format("[{}]", column.heading);
  column.drop_rank = 0;
  if (column.name_least > 0) column.name_least = std::max(column.name_least, column.heading.size());
}

std::string lag_cell(const wire::StateScheduler::WorkerStatus& worker) {
  const std::string lag = lag_text(worker.lag_us);
  if (worker.last_seconds <= silence_worth_a_word_seconds) return lag;
  return fmt::format("({}) {}", seen_text(worker.last_seconds), lag);
}

std::string digits(std::uint64_t value) { return fmt::format("{}", value); }

std::vector<std::string> cells_of(const WorkerView& worker) {
  const auto& status = worker.status;
  return {display_text(worker.manager_id.text()),
          display_text(status.worker.text()),
          percent_text(status.agent.cpu_permille),
          bytes_text(status.agent.rss_bytes),
          percent_text(worker.cpu_permille),
          bytes_text(worker.rss_bytes),
          bytes_text(status.rss_free_bytes),
          digits(status.free),
          digits(status.sent),
          digits(status.queued),
          digits(status.suspended),
          lag_cell(status),
          display_text(status.itl)};
}

std::string limit_text(std::uint32_t limit) { return limit == unlimited ? "any" : digits(limit); }

std::vector<std::string> cells_of(const ManagerView& manager) {
  const auto& totals = manager.totals;
  const auto& detail = manager.detail;
  return {manager.id.empty() ? "(none)" : display_text(manager.id.text()),
          digits(totals.workers),
          detail ? limit_text(detail->max_task_concurrency) : "-",
          detail ? digits(detail->pending_workers) : "-",
          percent_text(totals.agent_cpu_permille),
          bytes_text(totals.agent_rss_bytes),
          percent_text(totals.cpu_permille),
          bytes_text(totals.rss_bytes),
          digits(totals.free),
          digits(totals.sent),
          digits(totals.queued),
          digits(totals.suspended),
          detail ? seen_text(detail->last_seen_seconds) : "-",
          detail ? display_text(detail->capabilities) : "-"};
}

// Three digits tell enough of it.
std::string mean_text(double seconds) {
  if (seconds < 1) return fmt::format("{:.3g}ms", seconds * 1000);
  return seconds < 100 ? fmt::format("{:.3g}s", seconds) : fmt::format("{:.0f}s", seconds);
}

std::vector<std::string> cells_of(std::string name, const FunctionCounts::Counts& counts) {
  const bool profiled = counts.profiled > 0;
  return {std::move(name), count_text(counts.succeeded), count_text(counts.failed),
          profiled ? mean_text(counts.seconds / static_cast<double>(counts.profiled)) : "-",
          profiled ? bytes_text(counts.memory_peak_bytes) : "-"};
}

}  // namespace

std::string_view heading_of(Column column) {
  constexpr std::array<std::string_view, column_count> headings = {
      "manager", "worker", "agt_cpu", "agt_rss",   "cpu", "rss", "os_rss_free",
      "free",    "sent",   "queued",  "suspended", "lag", "ITL"};
  return headings.at(static_cast<std::size_t>(column));
}

Table worker_table(const std::vector<const WorkerView*>& rows, Column sorted_by) {
  struct Shape {
    std::size_t least;
    std::size_t usual;
    unsigned drop_rank;
  };
  // In the order of Column.
  constexpr std::array<Shape, column_count> shapes = {{{7, 11, 7},
                                                       {9, 21, 0},
                                                       {0, 0, 8},
                                                       {0, 0, 9},
                                                       {0, 0, 0},
                                                       {0, 0, 1},
                                                       {0, 0, 10},
                                                       {0, 0, 4},
                                                       {0, 0, 2},
                                                       {0, 0, 3},
                                                       {0, 0, 11},
                                                       {0, 0, 5},
                                                       {0, 0, 6}}};
  Table table;
  for (std::size_t i = 0; i < column_count; ++i) {
    const auto column = static_cast<Column>(i);
    table.columns.push_back(
        {std::string(heading_of(column)), shapes[i].least, shapes[i].usual, shapes[i].drop_rank});
    if (column == sorted_by) mark_sorted(table.columns.back());
  }
  for (const WorkerView* row : rows) table.rows.push_back(cells_of(*row));
  return table;
}

Table manager_table(const std::vector<const ManagerView*>& rows, Column sorted_by) {
  struct Shape {
    std::string_view heading;
    std::optional<Column> column;  // that orders by it
    std::size_t least;
    std::size_t usual;
    unsigned drop_rank;
  };
  constexpr std::array<Shape, 14> shapes = {{{"manager", Column::manager, 9, 21, 0},
                                             {"workers", Column::worker, 0, 0, 0},
                                             {"max", {}, 0, 0, 5},
                                             {"pending", {}, 0, 0, 6},
                                             {"agt_cpu", Column::agent_cpu, 0, 0, 10},
                                             {"agt_rss", Column::agent_rss, 0, 0, 9},
                                             {"cpu", Column::cpu, 0, 0, 1},
                                             {"rss", Column::rss, 0, 0, 2},
                                             {"free", Column::free, 0, 0, 4},
                                             {"sent", Column::sent, 0, 0, 3},
                                             {"queued", Column::queued, 0, 0, 7},
                                             {"suspended", Column::suspended, 0, 0, 12},
                                             {"seen", {}, 0, 0, 8},
                                             {"capabilities", {}, 12, 20, 11}}};
  Table table;
  for (const Shape& shape : shapes) {
    table.columns.push_back(
        {std::string(shape.heading), shape.least, shape.usual, shape.drop_rank});
    if (shape.column == sorted_by) mark_sorted(table.columns.back());
  }
  for (const ManagerView* row : rows) table.rows.push_back(cells_of(*row));
  return table;
}

Table client_table(const std::vector<const wire::StateScheduler::ClientTasks*>& clients) {
  Table table;
  table.columns = {{"client_manager", 9, 19, 0}, {"tasks", 0, 0, 0}};
  for (const auto* client : clients)
    table.rows.push_back({display_text(client->client.text()), digits(client->tasks)});
  return table;
}

Table function_table(const FunctionCounts& functions, std::string_view filter) {
  using Named = std::pair<std::string_view, const FunctionCounts::Counts*>;
  std::vector<Named> busiest;
  for (const auto& [name, counts] : functions.by_name())
    if (contains(name, filter)) busiest.emplace_back(name, &counts);
  const auto ended = [](const FunctionCounts::Counts& counts) {
    return counts.succeeded + counts.failed;
  };
  std::sort(busiest.begin(), busiest.end(), [&](const Named& a, const Named& b) {
    if (ended(*a.second) != ended(*b.second)) return ended(*a.second) > ended(*b.second);
    return a.first < b.first;
  });
  Table table;
  table.columns = {{"function", 9, 30, 0},
                   {"success", 0, 0, 0},
                   {"failed", 0, 0, 0},
                   {"mean", 0, 0, 1},
                   {"peak", 0, 0, 2}};
  for (const auto& [name, counts] : busiest)
    table.rows.push_back(cells_of(name.empty() ? "(unnamed)" : display_text(name), *counts));
  if (ended(functions.others()) > 0 && filter.empty())
    table.rows.push_back(cells_of("(others)", functions.others()));
  return table;
}

}  // namespace scaler::view
