// The steps of an import, in the order in which they run. Used by import_*.cpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset_file.hpp"
#include "datasets/import.hpp"
#include "host/base/error.hpp"

namespace quern::importing {

// ---- 1. bytes -------------------------------------------------------------------------------------------------------

struct Content {
  std::string name;  // for messages: base name, and the member of an archive that holds several
  std::string text;
};

// The files in a file: itself, decompressed, or the members of an archive. Throws BadRequest.
std::vector<Content> read_contents(const std::string& path);
std::string base_name(const std::string& path);
// What the bytes are if they are no table (a web page, a Parquet file ...), as the end of "'x' is ..."; else empty.
std::string not_a_table(std::string_view text);

// ---- 2. times -------------------------------------------------------------------------------------------------------

struct ParsedTime {
  std::int64_t ns = 0;    // UTC, or local where has_zone is false
  bool has_zone = false;
};

// Numbers by magnitude (s, ms, us, ns; seconds may have decimals) and dates that begin with the year; nullopt if it is
// neither, or not between 1980 and 2100.
std::optional<ParsedTime> parse_time(std::string_view text);
// strptime's letters Y y m d e H I M S f p b B j s T D F z Z; S and f take decimals.
std::optional<ParsedTime> parse_time(std::string_view text, std::string_view format);

// A zone of the IANA database.
class LocalZone {
 public:
  explicit LocalZone(const std::string& name);  // throws BadRequest for an unknown name
  ~LocalZone();
  struct Answer {
    int count;                    // how often this local time occurs: 0, 1 or 2
    std::int64_t first, second;   // ns UTC
  };
  Answer resolve(std::int64_t local_ns);
  const std::string& name() const { return name_; }

 private:
  struct Cache;
  std::string name_;
  std::unique_ptr<Cache> cache_;  // empty for UTC
};

// ---- 3. rows of one file --------------------------------------------------------------------------------------------

// Problems of rows: the first 20 in words, the others counted.
class RowProblems {
 public:
  explicit RowProblems(std::string file) : file_(std::move(file)) {}
  bool full() const { return lines_.size() >= 20; }  // then pass an empty text
  void add(std::string text) {
    ++count_;
    if (!full()) lines_.push_back(std::move(text));
  }
  std::size_t count() const { return count_; }
  void move_to(Problems& problems) const;

 private:
  std::string file_;
  std::vector<std::string> lines_;
  std::size_t count_ = 0;
};

struct FileRows {
  std::string name;                       // for messages
  std::string unit = "row";               // "element" of a JSON list, "bar" of a stored series
  PriceRows rows;
  std::vector<std::uint32_t> number;      // of each row: line, element
  std::vector<std::uint8_t> local;        // 1: the time has no zone yet. Empty: all have
  std::vector<std::int64_t> close_time;   // as the file gives it, ns; empty if it does not
  bool utc_by_layout = false;             // times without zone are UTC in this layout
  bool stored = false;                    // rows of the series that the output holds already

  std::string where(std::size_t row) const { return unit + " " + std::to_string(number[row]); }
};

// Appends a row; adds what breaks low <= open, close <= high, price > 0, volume >= 0.
void add_row(FileRows& file, RowProblems& problems, std::uint32_t number, const ParsedTime& time, double open,
             double high, double low, double close, double volume);

FileRows parse_csv(const Content& content, const ImportOptions& options, Problems& problems,
                   std::vector<std::string>& lines);
FileRows parse_json(const Content& content, const ImportOptions& options, Problems& problems,
                    std::vector<std::string>& lines);

// Brings the rows of one file to ascending UTC opening times.
void settle_times(FileRows& file, const ImportOptions& options, std::int64_t duration, Problems& problems,
                  std::vector<std::string>& lines);

// One cell as a number; `why` says what is wrong with it. Quoted cells may have thousands separators.
bool parse_number(std::string_view cell, bool quoted, double& value, std::string& why);

// Splits a line; true for each field that was quoted. False if a quote does not end.
struct Cell {
  std::string_view text;
  bool quoted;
};
bool split_line(std::string_view line, char separator, std::vector<Cell>& cells);
char find_separator(std::string_view line);
std::string plain_name(std::string_view header);  // lower case, letters and digits only

// ---- 4. all files ---------------------------------------------------------------------------------------------------

PriceRows merge(const std::vector<FileRows>& files, ImportReport& report, Problems& problems);
void check_grid(const PriceRows& rows, const ImportOptions& options, std::int64_t duration, ImportReport& report,
                Problems& problems);

// ---- 5. beside the candles ------------------------------------------------------------------------------------------

std::vector<FundingRate> read_funding_file(const ImportOptions& options, Problems& problems,
                                           std::vector<std::string>& lines);
struct ExchangeRules {
  std::optional<double> tick, lot, min_notional;
};
ExchangeRules read_exchange_info(const std::string& path, const std::string& symbol);

}  // namespace quern::importing
