// Candles from delimited text. One pass over the bytes, no allocation per field.
#include <fast_float/fast_float.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "datasets/import_parts.hpp"
#include "host/base/time.hpp"
#include "kernels/market/instrument.hpp"

namespace quern::importing {
namespace {

constexpr int none = -1;

struct Columns {
  int time = none, clock = none, open = none, high = none, low = none, close = none, volume = none, close_time = none;
  int base_symbol = none;      // column that names the market
  std::size_t count = 0;       // columns of the table
  std::vector<std::string> names;
};

struct Lines {
  std::string_view text;
  std::uint32_t number = 0;
  // The next line without its end; false after the last.
  bool next(std::string_view& line) {
    if (text.empty()) return false;
    const void* end = std::memchr(text.data(), '\n', text.size());
    const std::size_t size = end != nullptr ? static_cast<std::size_t>(static_cast<const char*>(end) - text.data()) : text.size();
    line = text.substr(0, size);
    text.remove_prefix(std::min(text.size(), size + 1));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    ++number;
    return true;
  }
};

bool blank(std::string_view line) { return line.find_first_not_of(" \t,;") == std::string_view::npos; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool starts_number(std::string_view text) {
  text = trim(text);
  if (!text.empty() && (text.front() == '-' || text.front() == '+' || text.front() == '.')) text.remove_prefix(1);
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

bool is_header(const std::vector<Cell>& cells) {
  return std::none_of(cells.begin(), cells.end(), [](const Cell& cell) { return starts_number(cell.text); });
}

std::string show(std::string_view text) { return std::string(text.substr(0, 60)); }

// The column of the volume in base units where there are several ("Volume BTC", "Volume USDT").
int base_volume(const std::vector<int>& candidates, const std::vector<std::string>& names, const std::string& symbol) {
  for (int column : candidates) {
    const std::string unit = plain_name(names[column]).substr(6);
    if (!unit.empty() && symbol.rfind(unit, 0) == 0) return column;
  }
  return candidates.empty() ? none : candidates.front();
}

void map_by_name(Columns& columns, const std::string& symbol, bool clock_in_time) {
  const auto& names = columns.names;
  std::vector<std::string> plain;
  for (const auto& name : names) plain.push_back(plain_name(name));
  const auto find = [&](std::initializer_list<const char*> wanted) {
    for (const char* name : wanted)
      for (std::size_t i = 0; i < plain.size(); ++i)
        if (plain[i] == name) return static_cast<int>(i);
    return none;
  };
  columns.time = find({"opentime", "klineopentime", "unix", "unixtimestamp", "epoch", "unixtime", "timestamp", "datetime",
                       "time", "date", "ts", "starttime", "start", "gmttime", "t"});
  const int date = find({"date"}), clock = find({"time"});
  if (date != none && clock != none && columns.time == clock && clock_in_time) {  // "2006-01-02","09:05:00"
    columns.time = date;
    columns.clock = clock;
  }
  if (columns.time == none && !names.empty() && plain[0].empty()) columns.time = 0;  // an index without a name
  columns.open = find({"open", "o", "openprice"});
  columns.high = find({"high", "h", "highprice"});
  columns.low = find({"low", "l", "lowprice"});
  columns.close = find({"close", "c", "closeprice"});
  columns.volume = find({"volume", "vol", "v", "basevolume", "volumebase", "tickvol"});
  columns.close_time = find({"closetime", "klineclosetime"});
  columns.base_symbol = find({"symbol", "ticker", "pair"});
  if (columns.volume == none) {
    std::vector<int> candidates;
    for (std::size_t i = 0; i < plain.size(); ++i)
      if (plain[i].size() > 6 && plain[i].rfind("volume", 0) == 0) candidates.push_back(static_cast<int>(i));
    columns.volume = base_volume(candidates, names, symbol);
  }
}

std::vector<std::string> split_names(const std::string& list) {
  std::vector<std::string> names;
  std::string name;
  for (char c : list + ",") {
    if (c == ',') {
      names.push_back(std::string(trim(name)));
      name.clear();
    } else {
      name += c;
    }
  }
  return names;
}

void require(const Columns& columns, bool volume, const std::string& found, const std::string& file, Problems& problems) {
  std::vector<std::string> missing;
  const std::pair<int, const char*> wanted[] = {{columns.time, "time"},  {columns.open, "open"},   {columns.high, "high"},
                                                {columns.low, "low"},    {columns.close, "close"}, {columns.volume, "volume"}};
  for (const auto& [column, name] : wanted)
    if (column == none && (volume || std::string_view(name) != "volume")) missing.push_back(fmt::format("'{}'", name));
  if (missing.empty()) return;
  problems.add(fmt::format("{}: column{} {} missing; found {}. Name the columns by position, for instance --columns "
                           "time,open,high,low,close,volume ('-' for one to leave out; without volume it is stored as 0).",
                           file, missing.size() > 1 ? "s" : "",
                           fmt::format("{} {}", fmt::join(missing, ", "), missing.size() > 1 ? "are" : "is"), found));
}

}  // namespace

std::string plain_name(std::string_view header) {
  std::string name;
  for (char c : header) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) name += c;
  }
  return name;
}

char find_separator(std::string_view line) {
  std::size_t commas = 0, semicolons = 0, tabs = 0;
  bool quoted = false;
  for (char c : line) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    commas += c == ',';
    semicolons += c == ';';
    tabs += c == '\t';
  }
  if (semicolons >= 4 || (semicolons > 0 && commas == 0)) return ';';
  if (tabs >= 4 || (tabs > 0 && commas == 0)) return '\t';
  return ',';
}

bool split_line(std::string_view line, char separator, std::vector<Cell>& cells) {
  cells.clear();
  const char* at = line.data();
  const char* const end = at + line.size();
  for (;;) {
    const char* begin = at;
    if (at != end && *at == '"') {
      const char* quote = static_cast<const char*>(std::memchr(at + 1, '"', static_cast<std::size_t>(end - at - 1)));
      while (quote != nullptr && quote + 1 != end && quote[1] == '"')
        quote = static_cast<const char*>(std::memchr(quote + 2, '"', static_cast<std::size_t>(end - quote - 2)));
      if (quote == nullptr) return false;
      cells.push_back({std::string_view(begin + 1, static_cast<std::size_t>(quote - begin - 1)), true});
      at = quote + 1;
      while (at != end && *at != separator) ++at;
    } else {
      while (at != end && *at != separator) ++at;
      cells.push_back({std::string_view(begin, static_cast<std::size_t>(at - begin)), false});
    }
    if (at == end) return true;
    ++at;
  }
}

bool parse_number(std::string_view cell, bool quoted, double& value, std::string& why) {
  cell = trim(cell);
  if (!cell.empty() && cell.front() == '+') cell.remove_prefix(1);
  const char* end = cell.data() + cell.size();
  auto got = fast_float::from_chars(cell.data(), end, value);
  if (got.ec == std::errc() && got.ptr == end && std::isfinite(value)) return true;
  if (cell.empty()) {
    why = "is empty";
    return false;
  }
  if (cell.find(',') != std::string_view::npos) {
    // 1,234,567.5: groups of three behind a group of one to three that does not begin with 0.
    char digits[64];
    std::size_t size = 0, group = 0, commas = 0;
    bool good = cell.size() < sizeof digits && cell.front() != '0' && cell.front() != ',', whole = true;
    for (std::size_t i = 0; i < cell.size() && good; ++i) {
      const char c = cell[i];
      if (whole && (c == ',' || c == '.')) {
        good = commas == 0 ? group >= 1 && group <= 3 : group == 3;
        commas += c == ',';
        group = 0;
        whole = c == ',';
        if (c == '.') digits[size++] = '.';
      } else {
        good = (c >= '0' && c <= '9') || (c == '-' && i == 0);
        group += c != '-';
        digits[size++] = c;
      }
    }
    if (whole) good = good && group == 3;
    if (good && (quoted || !whole)) {
      got = fast_float::from_chars(digits, digits + size, value);
      if (got.ec == std::errc() && got.ptr == digits + size) return true;
    }
    why = fmt::format("is '{}', which looks like a decimal comma: write decimals with a point", show(cell));
    return false;
  }
  why = fmt::format("is '{}', no number", show(cell));
  return false;
}

void RowProblems::move_to(Problems& problems) const {
  for (const auto& line : lines_) problems.add(file_ + ": " + line);
  if (count_ > lines_.size()) problems.add(fmt::format("{}: and {} more of these.", file_, count_ - lines_.size()));
}

void add_row(FileRows& file, RowProblems& problems, std::uint32_t number, const ParsedTime& time, double open, double high,
             double low, double close, double volume) {
  PriceRows& rows = file.rows;
  rows.time.push_back(time.ns);
  rows.open.push_back(open);
  rows.high.push_back(high);
  rows.low.push_back(low);
  rows.close.push_back(close);
  rows.volume.push_back(volume);
  file.number.push_back(number);
  if (!time.has_zone && file.local.empty()) file.local.assign(file.number.size() - 1, 0);
  if (!file.local.empty() || !time.has_zone) file.local.push_back(time.has_zone ? 0 : 1);
  const double bottom = std::min(open, close), top = std::max(open, close);
  if (low > 0 && low <= bottom && top <= high && volume >= 0) return;
  // A close alone beyond the extremes: whether that is a rounded print is known with the tick (check_closes).
  if (low > 0 && low <= open && open <= high && close > 0 && volume >= 0) return;
  if (problems.full()) {
    problems.add({});
    return;
  }
  std::vector<std::string> faults;
  const std::pair<const char*, double> prices[] = {{"open", open}, {"high", high}, {"low", low}, {"close", close}};
  for (const auto& [name, price] : prices)
    if (price <= 0) faults.push_back(fmt::format("{} {} is not above 0", name, price));
  if (faults.empty()) {
    if (low > high) faults.push_back(fmt::format("low {} is above high {}", low, high));
    else {
      if (high < open) faults.push_back(fmt::format("high {} is below open {}", high, open));
      if (high < close) faults.push_back(fmt::format("high {} is below close {}", high, close));
      if (low > open) faults.push_back(fmt::format("low {} is above open {}", low, open));
      if (low > close) faults.push_back(fmt::format("low {} is above close {}", low, close));
    }
  }
  if (volume < 0) faults.push_back(fmt::format("volume {} is negative", volume));
  problems.add(fmt::format("{} {}: {} (open {}, high {}, low {}, close {}, volume {}).", file.unit, number,
                           fmt::join(faults, ", "), open, high, low, close, volume));
}

FileRows parse_csv(const Content& content, const ImportOptions& options, Problems& problems, std::vector<std::string>& lines) {
  FileRows file;
  file.name = content.name;
  Lines input{content.text};
  if (content.text.compare(0, 3, "\xef\xbb\xbf") == 0) input.text.remove_prefix(3);
  const auto empty = [&] {
    problems.add(fmt::format("{}: no candle rows in it ({}): nothing to import. Check the download.", content.name,
                             content.text.empty() ? "the file is empty" : "only a header"));
    return file;
  };

  // The first line: banner, header or a row already.
  std::string_view line;
  std::vector<Cell> cells;
  bool banner = false;
  do {
    if (!input.next(line)) return empty();
    if (line.rfind("http", 0) == 0) banner = true;
  } while (blank(line) || line.rfind("http", 0) == 0);
  const char separator = find_separator(line);
  if (!split_line(line, separator, cells)) {
    problems.add(fmt::format("{}: row {} has a quote that does not end.", content.name, input.number));
    return file;
  }
  Columns columns;
  columns.count = cells.size();
  const bool headed = is_header(cells);
  if (headed)
    for (const Cell& cell : cells) columns.names.emplace_back(trim(cell.text));
  Lines rest = input;  // at the first data row
  std::string_view sample = line;
  if (headed) {
    do {
      if (!rest.next(sample)) return empty();
    } while (blank(sample));
    rest = input;
  } else {
    rest = Lines{input.text, input.number};
  }
  std::vector<Cell> sample_cells;
  if (!split_line(sample, separator, sample_cells)) sample_cells.clear();

  // Which column is what.
  std::string symbol = plain_name(options.symbol), layout;
  if (!options.columns.empty()) {
    Columns named;
    named.names = split_names(options.columns);
    if (named.names.size() > columns.count)
      problems.add(fmt::format("{}: --columns names {} columns, row {} has {}.", content.name, named.names.size(), input.number,
                               columns.count));
    named.count = columns.count;
    map_by_name(named, symbol, true);
    require(named, false, fmt::format("--columns {}", options.columns), content.name, problems);
    columns = std::move(named);
    if (columns.volume == none) lines.push_back(fmt::format("{}: no volume; stored as 0.", content.name));
  } else if (headed) {
    const auto& names = columns.names;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (plain_name(names[i]) == "symbol" && i < sample_cells.size()) symbol = plain_name(sample_cells[i].text);
    bool clock = false;
    for (std::size_t i = 0; i < names.size() && i < sample_cells.size(); ++i)
      if (plain_name(names[i]) == "time") clock = sample_cells[i].text.find(':') < 3;
    map_by_name(columns, symbol, clock);
    std::size_t volumes = 0;
    for (const auto& name : names) volumes += plain_name(name).size() > 6 && plain_name(name).rfind("volume", 0) == 0;
    file.utc_by_layout = banner || (volumes >= 2 && columns.base_symbol != none);
    if (file.utc_by_layout) layout = "CryptoDataDownload";
    for (const auto& name : names)
      if (plain_name(name).find("fundingrate") != std::string::npos) {
        problems.add(fmt::format("{}: this is a file of funding rates (column '{}'), not of candles. Give it with --funding.",
                                 content.name, name));
        return file;
      }
    require(columns, true, fmt::format("{}", fmt::join(names, ", ")), content.name, problems);
  } else {
    if (columns.count == 12) layout = "Binance klines";
    if (columns.count != 6 && columns.count != 12) {
      problems.add(fmt::format("{}: no header and {} columns: their meaning cannot be known. Name them by position, for "
                               "instance --columns time,open,high,low,close,volume ('-' for one to leave out; without volume it "
                               "is stored as 0).", content.name, columns.count));
      return file;
    }
    columns.time = 0, columns.open = 1, columns.high = 2, columns.low = 3, columns.close = 4, columns.volume = 5;
    if (columns.count == 12) columns.close_time = 6;
  }
  if (!problems.empty()) return file;
  if (!layout.empty()) lines.push_back(fmt::format("{}: layout {}.", content.name, layout));
  if (!columns.names.empty()) {
    std::vector<std::string> ignored;
    const auto used = [&](int i) {
      return i == columns.time || i == columns.clock || i == columns.open || i == columns.high || i == columns.low ||
             i == columns.close || i == columns.volume;
    };
    for (std::size_t i = 0; i < columns.names.size(); ++i)
      if (!used(static_cast<int>(i)) && !(columns.names[i].empty() || columns.names[i] == "-")) ignored.push_back(columns.names[i]);
    if (!ignored.empty()) {
      std::string text = fmt::format("{}: columns ignored: {}", content.name, fmt::join(ignored, ", "));
      if (columns.volume != none && plain_name(columns.names[columns.volume]) != "volume")
        text += fmt::format(" (volume is '{}')", columns.names[columns.volume]);
      lines.push_back(text + ".");
    }
  }

  // The rows.
  const std::size_t estimate = content.text.size() / std::max<std::size_t>(sample.size() + 1, 20) + 16;
  for (auto* column : {&file.rows.open, &file.rows.high, &file.rows.low, &file.rows.close, &file.rows.volume})
    column->reserve(estimate);
  file.rows.time.reserve(estimate);
  file.number.reserve(estimate);
  RowProblems bad(content.name);
  const int wanted[5] = {columns.open, columns.high, columns.low, columns.close, columns.volume};
  static constexpr const char* wanted_names[5] = {"open", "high", "low", "close", "volume"};
  const int last_wanted = std::max({columns.time, columns.clock, columns.open, columns.high, columns.low, columns.close,
                                    columns.volume});
  std::string joined, why;
  bool has_row = !headed;
  std::size_t broken_order = 0;
  for (;;) {
    if (has_row) has_row = false;
    else if (!rest.next(line)) break;
    if (blank(line)) continue;
    const std::uint32_t number = rest.number;
    if (!split_line(line, separator, cells)) {
      bad.add(fmt::format("row {}: a quote does not end.", number));
      continue;
    }
    if (cells.size() != columns.count) {
      const bool padded = cells.size() > columns.count &&
                          std::all_of(cells.begin() + static_cast<std::ptrdiff_t>(columns.count), cells.end(),
                                      [](const Cell& cell) { return trim(cell.text).empty(); });
      const bool short_tail = cells.size() < columns.count && static_cast<int>(cells.size()) > last_wanted;
      if (!padded && !short_tail) {
        bad.add(fmt::format("row {} has {} columns instead of {}{}.", number, cells.size(), columns.count,
                            cells.size() > columns.count && separator == ',' ? " (a decimal comma? write decimals with a point)"
                                                                             : " (a row that was cut off?)"));
        continue;
      }
    }
    std::string_view time_text = trim(cells[columns.time].text);
    if (columns.clock != none) {
      joined.assign(time_text);
      joined += ' ';
      joined += trim(cells[columns.clock].text);
      time_text = joined;
    }
    const auto time = parse_time(time_text, options.time_format);
    double values[5] = {0, 0, 0, 0, 0};
    bool good = time.has_value();
    if (!good) {
      if (time_text.empty()) bad.add(fmt::format("row {}: the time is empty.", number));
      else if (bad.full()) bad.add({});
      else
        bad.add(fmt::format("row {}: the time '{}' cannot be read{}.", number, show(time_text),
                            !options.time_format.empty() ? fmt::format(" as {}", options.time_format)
                            : starts_number(time_text) && time_text.size() < 9 &&
                                    time_text.find_first_not_of("0123456789") == std::string_view::npos
                                ? ": too small for a date (milliseconds since midnight?); give full dates"
                                : ". Name its form with --time-format, for instance %m/%d/%Y %H:%M"));
    }
    for (int i = 0; i < 5; ++i) {
      if (wanted[i] == none) continue;
      const Cell& cell = cells[wanted[i]];
      if (parse_number(cell.text, cell.quoted, values[i], why)) continue;
      good = false;
      bad.add(bad.full() ? std::string() : fmt::format("row {}: column '{}' {}.", number, wanted_names[i], why));
    }
    if (!good) continue;
    const std::size_t before = bad.count();
    add_row(file, bad, number, *time, values[0], values[1], values[2], values[3], values[4]);
    broken_order += bad.count() - before;
    if (columns.close_time != none) {
      const auto end = static_cast<int>(cells.size()) > columns.close_time ? parse_time(cells[columns.close_time].text)
                                                                           : std::nullopt;
      file.close_time.push_back(end && end->has_zone ? end->ns : 0);
    }
  }
  if (file.number.empty() && bad.count() == 0) return empty();
  bad.move_to(problems);
  if (broken_order > 0 && !headed && options.columns.empty())
    problems.add(fmt::format("{}: no header; read as time,open,high,low,close,volume, {} of {} rows break low <= open, close <= "
                             "high. If the order is another, name it, for instance --columns time,open,close,high,low,volume.",
                             content.name, broken_order, file.number.size()));
  return file;
}

}  // namespace quern::importing
