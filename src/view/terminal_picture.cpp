#include "view/terminal_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "scaler/view/formats.hpp"
#include "view/terminal_summary.hpp"
#include "view/terminal_tables.hpp"
#include "view/terminal_text.hpp"

namespace scaler::view {
namespace {

constexpr std::size_t rows_for_keys = 16;  // a lower screen has no room for lines of their own
constexpr std::size_t rows_for_summary = 8;

// Two lists side by side, the right one only where there is room for it.
struct Lower {
  Table left;
  std::optional<Table> right;
  std::string nothing;  // instead of a left table without rows
  std::string total;
  std::string short_total;

  std::size_t rows() const {
    return std::max<std::size_t>({left.rows.size(), right ? right->rows.size() : 0, 1});
  }
};

constexpr std::string_view divider = " | ";

std::string manager_total(const ClusterView& view) {
  std::size_t managers = 0;
  for (const ManagerView& manager : view.managers()) managers += manager.id.empty() ? 0 : 1;
  const std::uint64_t pending = view.pending_workers();
  return fmt::format("Total {} manager(s) with {} worker(s){}", count_text(managers),
                     count_text(view.totals().workers),
                     pending > 0 ? fmt::format(", {} pending", count_text(pending)) : "");
}

std::string nothing_of(std::string_view what, const std::string& filter) {
  return filter.empty() ? fmt::format("No {}", what)
                        : fmt::format("No {} with '{}'", what, display_text(filter));
}

std::vector<const wire::StateScheduler::ClientTasks*> clients_as_listed(const ClusterView& view) {
  std::vector<const wire::StateScheduler::ClientTasks*> clients;
  for (const auto& client : view.state().clients) clients.push_back(&client);
  return clients;
}

Lower lower_of(const Heard& heard, const Choices& choices) {
  const ClusterView& view = heard.cluster;
  if (choices.listing == Listing::clients) {
    std::uint64_t tasks = 0;
    for (const auto& client : view.state().clients) tasks += client.tasks;
    return {client_table(client_rows(view, choices.order, choices.filter)),
            function_table(heard.functions, choices.filter), nothing_of("clients", choices.filter),
            fmt::format("Total {} client(s) with {} task(s), {} function(s) seen since the start",
                        count_text(view.state().clients.size()), count_text(tasks),
                        count_text(heard.functions.by_name().size())),
            fmt::format("{} client(s)", count_text(view.state().clients.size()))};
  }
  if (choices.listing == Listing::managers)
    return {manager_table(manager_rows(view, choices.order, choices.filter), choices.order.by),
            std::nullopt, nothing_of("managers", choices.filter), manager_total(view),
            fmt::format("{} manager(s)", count_text(view.managers().size()))};
  return {worker_table(worker_rows(view, choices.order, choices.filter), choices.order.by),
          client_table(clients_as_listed(view)), nothing_of("workers", choices.filter),
          manager_total(view), fmt::format("{} worker(s)", count_text(view.totals().workers))};
}

std::string shortcuts(std::size_t columns) {
  constexpr std::string_view words[] = {"manager[g]", "worker[n]", "agt_cpu[C]",   "agt_rss[M]",
                                        "cpu[c]",     "rss[m]",    "rss_free[F]",  "free[f]",
                                        "sent[w]",    "queued[d]", "suspended[s]", "lag[l]"};
  constexpr std::string_view always = " help[?] quit[q]";
  std::string line = "Shortcuts:";
  for (const std::string_view word : words) {
    if (line.size() + 1 + word.size() + always.size() > columns) break;
    line += ' ';
    line += word;
  }
  return line + std::string(always);
}

class Painter {
 public:
  Painter(const PictureRequest& request, Picture& picture) : request_(request), picture_(picture) {}

  void add(std::string_view text, Style style = Style::plain) {
    if (picture_.frame.size() >= request_.size.rows) return;
    if (request_.faint && style != Style::notice) style = Style::faint;
    picture_.frame.push_back({std::string(fitting(text, request_.size.columns)), style});
  }

 private:
  const PictureRequest& request_;
  Picture& picture_;
};

// Both tables share the width; the right one is as wide as is usual, the left one gets the rest.
struct Shares {
  Fit left;
  std::optional<Fit> right;
};

Shares share(const Lower& lower, std::size_t columns) {
  const std::size_t left_usual =
      lower.left.rows.empty() ? columns_of(lower.nothing) : usual_width(lower.left);
  if (!lower.right) return {fit(lower.left, columns), {}};
  const std::size_t right_usual = usual_width(*lower.right);
  if (left_usual + divider.size() + right_usual > columns) return {fit(lower.left, columns), {}};
  Shares shares{fit(lower.left, columns - divider.size() - right_usual), {}};
  if (lower.left.rows.empty()) shares.left.total = left_usual;
  shares.right = fit(*lower.right, columns - divider.size() - shares.left.total);
  return shares;
}

void paint_lower(const Lower& lower, const Shares& shares, std::size_t first_row,
                 std::size_t page_rows, Painter& painter) {
  const std::size_t width = shares.left.total;
  const auto right_of = [&](std::optional<std::size_t> row) -> std::string {
    if (!shares.right) return {};
    std::string text(divider);
    if (!row) return text + heading_line(*lower.right, *shares.right);
    return *row < lower.right->rows.size() ? text + row_line(*lower.right, *shares.right, *row)
                                           : text;
  };
  const bool empty = lower.left.rows.empty();
  const std::string heading = empty ? lower.nothing : heading_line(lower.left, shares.left);
  painter.add(right_aligned(heading, width) + right_of(std::nullopt), Style::heading);
  for (std::size_t i = 0; i < page_rows; ++i) {
    const std::size_t row = first_row + i;
    const bool in_left = row < lower.left.rows.size();
    const bool in_right = shares.right && i < lower.right->rows.size();
    if (!in_left && !in_right) break;
    const std::string left = in_left ? row_line(lower.left, shares.left, row) : "";
    painter.add(right_aligned(left, width) + (shares.right ? right_of(i) : ""));
  }
}

// The sentence, and which rows are shown; where it is too long, only what is counted.
std::string total_line(const Lower& lower, const std::string& range, std::size_t columns) {
  if (lower.total.size() + range.size() <= columns) return lower.total + range;
  return lower.short_total + range;
}

// Which rows are shown, where not all are.
std::string range_text(std::size_t first, std::size_t page, std::size_t all) {
  if (all <= page || page == 0) return {};
  return fmt::format(", rows {}-{} of {}", first + 1, std::min(first + page, all), all);
}

}  // namespace

Picture draw_picture(const Heard& heard, const Choices& choices, const PictureRequest& request) {
  const Lower lower = lower_of(heard, choices);
  const std::size_t rows = request.size.rows;
  const bool has_keys = request.keys_shown && rows >= rows_for_keys;
  const bool has_summary = rows >= rows_for_summary;
  const std::size_t fixed = 2 + (has_keys ? 2 : 0) + (has_summary ? 1 : 0);
  const std::size_t room = rows - std::min(rows, fixed);
  const std::size_t summary_most = std::max(room / 2, room - std::min(room, lower.rows()));

  std::vector<std::string> summary;
  if (has_summary)
    summary = summary_lines(heard.cluster.state(), request.size.columns, summary_most);
  Picture picture;
  const std::size_t listed = lower.left.rows.size();
  picture.page_rows = room - std::min(room, summary.size());
  picture.first_row = std::min(request.first_row, listed - std::min(listed, picture.page_rows));

  Painter painter(request, picture);
  for (const std::string& line : summary) painter.add(line);
  if (has_summary) painter.add(std::string(summary.empty() ? 0 : columns_of(summary.front()), '-'));
  if (has_keys) {
    painter.add(shortcuts(request.size.columns));
    painter.add(request.notice, Style::notice);
  }
  if (!has_keys && !request.notice.empty())
    painter.add(request.notice, Style::notice);
  else
    painter.add(total_line(lower, range_text(picture.first_row, picture.page_rows, listed),
                           request.size.columns));
  paint_lower(lower, share(lower, request.size.columns), picture.first_row, picture.page_rows,
              painter);
  return picture;
}

Frame draw_help(TerminalSize size) {
  constexpr std::string_view lines[] = {
      "scaler_top",
      "",
      "1 2 3      workers, managers, clients and functions",
      "g n        sort by manager, worker",
      "C M        sort by agt_cpu, agt_rss: the worker's agent",
      "c m        sort by cpu, rss: its processors",
      "F          sort by os_rss_free: what its host has left",
      "f w d s l  sort by free, sent, queued, suspended, lag",
      "           the same key again, or r: the other way round",
      "< >        sort by the column to the left, to the right",
      "/          show what holds a text; Enter keeps, Escape undoes",
      "Up Down PgUp PgDn Home End   other rows",
      "p          pause, and go on",
      "+ -        more, less time between pictures",
      "Ctrl-L     draw everything anew",
      "q Escape   quit",
      "",
      "sent: tasks given to a worker; queued: of those, not begun; free: places left.",
      "ITL: processor initialized, has a task, task lock.",
      "",
      "Any key goes back."};
  Frame frame;
  for (const std::string_view line : lines) {
    if (frame.size() >= size.rows) break;
    const Style style = frame.empty() ? Style::heading : Style::plain;
    frame.push_back({std::string(fitting(line, size.columns)), style});
  }
  return frame;
}

}  // namespace scaler::view
