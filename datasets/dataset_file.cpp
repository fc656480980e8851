#include "datasets/dataset_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/time.hpp"

namespace quern {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t day = 86'400 * second;
constexpr std::pair<char, std::int64_t> units[] = {
    {'w', 7 * day}, {'d', day}, {'h', 3600 * second}, {'m', 60 * second}, {'s', second}};
constexpr std::int64_t file_format = 1;
constexpr const char* funding_name = "funding";

// The HDF5 library of Debian is not thread-safe.
std::recursive_mutex& library() {
  static std::recursive_mutex mutex;
  return mutex;
}

struct Handle {
  hid_t id = -1;
  herr_t (*close)(hid_t) = nullptr;
  Handle(hid_t id_, herr_t (*close_)(hid_t)) : id(id_), close(close_) {}
  Handle(Handle&& other) noexcept : id(std::exchange(other.id, -1)), close(other.close) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id >= 0) close(id);
  }
  bool ok() const { return id >= 0; }
  operator hid_t() const { return id; }
};

// A "/" cannot be part of an HDF5 name.
std::string group_name(const std::string& symbol) {
  std::string name;
  for (const char c : symbol) name += c == '/' ? "%2F" : c == '%' ? "%25" : std::string(1, c);
  return name == "." ? "%2E" : name;
}

std::string symbol_of(const std::string& name) {
  std::string symbol;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::string code = name.substr(i, 3);
    if (code == "%2F" || code == "%25" || code == "%2E") {
      symbol += code == "%2F" ? '/' : code == "%25" ? '%' : '.';
      i += 2;
    } else {
      symbol += name[i];
    }
  }
  return symbol;
}

std::string decimal(double value) {
  std::string text = fmt::format("{:.12f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

// Two lanes of multiply-and-rotate over 64-bit words.
class Hash {
 public:
  void add(std::uint64_t word) {
    a_ = mix(a_ ^ word, 0x9e3779b97f4a7c15u);
    b_ = mix(b_ + word, 0xc2b2ae3d27d4eb4fu);
  }
  void add(const std::vector<double>& column) {
    for (const double x : column) add(std::bit_cast<std::uint64_t>(x));
  }
  std::string hex() const { return fmt::format("{:016x}{:016x}", finish(a_), finish(b_)); }

 private:
  static std::uint64_t mix(std::uint64_t x, std::uint64_t factor) { return std::rotl(x * factor, 29) + factor; }
  static std::uint64_t finish(std::uint64_t x) {
    x = (x ^ (x >> 31)) * 0xbf58476d1ce4e5b9u;
    return x ^ (x >> 29);
  }
  std::uint64_t a_ = 0x243f6a8885a308d3u, b_ = 0x13198a2e03707344u;
};

std::string content_hash(const PriceRows& rows, const TickSize& tick) {
  Hash hash;
  hash.add(std::bit_cast<std::uint64_t>(tick.numerator));
  hash.add(std::bit_cast<std::uint64_t>(tick.denominator));
  hash.add(rows.size());
  for (const auto t : rows.time) hash.add(static_cast<std::uint64_t>(t));
  for (const auto* column : {&rows.open, &rows.high, &rows.low, &rows.close, &rows.volume}) hash.add(*column);
  return hash.hex();
}

// ---- reading

[[noreturn]] void damaged(const std::string& path, const std::string& what) {
  throw BadRequest(fmt::format("{} is damaged ({}), so its candles cannot be trusted; import it again from its source "
                               "files with `quern data import` or restore a copy.", path, what));
}

Handle open_file(const std::string& path) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  std::error_code error;
  if (!fs::exists(path, error))
    throw BadRequest(fmt::format("{} does not exist, so there are no candles to read; correct the path or make the file "
                                 "with `quern data import`.", path));
  if (fs::is_directory(path, error))
    throw BadRequest(fmt::format("{} is a folder and no dataset; give the path of a file made by `quern data import`.",
                                 path));
  if (::access(path.c_str(), R_OK) != 0)
    throw BadRequest(fmt::format("{} cannot be read ({}); change its permissions or give another file.", path,
                                 std::strerror(errno)));
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  H5Pset_file_locking(access, false, true);  // a file is only ever replaced as a whole
  if (H5Fis_hdf5(path.c_str()) <= 0)
    throw BadRequest(fmt::format("{} is no HDF5 file, so no candles can be read from it; give a file made by "
                                 "`quern data import`.", path));
  Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
  if (!file.ok()) damaged(path, "it is truncated or its header is broken");
  return file;
}

std::vector<std::string> children(hid_t group, const std::string& path) {
  std::vector<std::string> names;
  const auto visit = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->push_back(name);
    return 0;
  };
  if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &names) < 0)
    damaged(path, "a list of its groups cannot be read");
  std::sort(names.begin(), names.end());
  return names;
}

bool has_attribute(hid_t object, const char* name) { return H5Aexists(object, name) > 0; }

double read_number(hid_t object, const char* name, const std::string& path) {
  Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  double value = 0;
  if (!attribute.ok()) damaged(path, fmt::format("the attribute {} is missing", name));
  Handle space(H5Aget_space(attribute), H5Sclose);
  if (H5Sget_simple_extent_npoints(space) != 1 || H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) < 0)
    damaged(path, fmt::format("the attribute {} cannot be read", name));
  return value;
}

std::string read_text(hid_t object, const char* name, const std::string& path) {
  Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  if (!attribute.ok()) damaged(path, fmt::format("the attribute {} is missing", name));
  Handle type(H5Aget_type(attribute), H5Tclose);
  Handle space(H5Aget_space(attribute), H5Sclose);
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 || H5Sget_simple_extent_npoints(space) != 1)
    damaged(path, fmt::format("the attribute {} is no text", name));
  std::string text(H5Tget_size(type), '\0');
  if (H5Aread(attribute, type, text.data()) < 0) damaged(path, fmt::format("the attribute {} cannot be read", name));
  text.resize(std::strlen(text.c_str()));
  return text;
}

void check_format(hid_t file, const std::string& path) {
  const std::string advice = "give a file made by this version's `quern data import`.";
  if (!has_attribute(file, "quern_format"))
    throw BadRequest(fmt::format("{} is an HDF5 file of another layout (it has no attribute quern_format); {}", path,
                                 advice));
  const double format = read_number(file, "quern_format", path);
  if (format != static_cast<double>(file_format))
    throw BadRequest(fmt::format("{} has the dataset format {}, and this version reads format {}; {}", path, format,
                                 file_format, advice));
}

Handle open_group(hid_t parent, const std::string& name, const std::string& path) {
  Handle group(H5Gopen2(parent, name.c_str(), H5P_DEFAULT), H5Gclose);
  if (!group.ok()) damaged(path, fmt::format("{} is no readable group", name));
  return group;
}

template <class T>
std::vector<T> read_column(hid_t group, const char* name, const std::string& path) {
  constexpr bool real = std::is_floating_point_v<T>;
  if (H5Lexists(group, name, H5P_DEFAULT) <= 0) damaged(path, fmt::format("the column {} is missing", name));
  Handle data(H5Dopen2(group, name, H5P_DEFAULT), H5Dclose);
  if (!data.ok()) damaged(path, fmt::format("the column {} cannot be opened", name));
  Handle type(H5Dget_type(data), H5Tclose);
  Handle space(H5Dget_space(data), H5Sclose);
  if (H5Tget_class(type) != (real ? H5T_FLOAT : H5T_INTEGER) || H5Tget_size(type) != 8 ||
      (!real && H5Tget_sign(type) != H5T_SGN_2))
    damaged(path, fmt::format("the column {} is not of type {}", name, real ? "float64" : "int64"));
  if (H5Sget_simple_extent_ndims(space) != 1) damaged(path, fmt::format("the column {} is no list", name));
  const hssize_t rows = H5Sget_simple_extent_npoints(space);
  if (rows < 0) damaged(path, fmt::format("the column {} has no length", name));
  std::vector<T> column(static_cast<std::size_t>(rows));
  if (rows > 0 && H5Dread(data, real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                          column.data()) < 0)
    damaged(path, fmt::format("the column {} cannot be read", name));
  return column;
}

Instrument read_instrument(hid_t group, const std::string& symbol, const std::string& path) {
  Instrument it;
  it.symbol = symbol;
  it.exchange = has_attribute(group, "exchange") ? read_text(group, "exchange", path) : "";
  it.tick.numerator = read_number(group, "tick_numerator", path);
  it.tick.denominator = read_number(group, "tick_denominator", path);
  it.tick.value = it.tick.numerator / it.tick.denominator;
  if (!(it.tick.value > 0) || !std::isfinite(it.tick.value)) damaged(path, "the tick of " + symbol + " is not positive");
  it.has_lot = has_attribute(group, "lot");
  if (it.has_lot) it.lot = read_number(group, "lot", path);
  it.has_min_notional = has_attribute(group, "min_notional");
  if (it.has_min_notional) it.min_notional = read_number(group, "min_notional", path);
  it.has_fees = has_attribute(group, "maker_bps");
  if (it.has_fees) {
    it.maker_bps = read_number(group, "maker_bps", path);
    it.taker_bps = read_number(group, "taker_bps", path);
  }
  return it;
}

const char* length_problem(const PriceRows& rows) {
  for (const auto* column : {&rows.open, &rows.high, &rows.low, &rows.close, &rows.volume})
    if (column->size() != rows.size()) return "its columns differ in length";
  if (rows.size() == 0) return "it has no rows";
  if (std::adjacent_find(rows.time.begin(), rows.time.end(), std::greater_equal<>()) != rows.time.end())
    return "its times do not ascend";
  return nullptr;
}

PriceRows read_checked(hid_t group, const std::string& label, const TickSize& tick, const std::string& path) {
  PriceRows rows;
  rows.time = read_column<std::int64_t>(group, "time", path);
  rows.open = read_column<double>(group, "open", path);
  rows.high = read_column<double>(group, "high", path);
  rows.low = read_column<double>(group, "low", path);
  rows.close = read_column<double>(group, "close", path);
  rows.volume = read_column<double>(group, "volume", path);
  if (const char* problem = length_problem(rows)) damaged(path, label + ": " + problem);
  if (read_text(group, "content_hash", path) != content_hash(rows, tick))
    damaged(path, label + ": its content does not match its hash");
  return rows;
}

const char* funding_problem(const std::vector<FundingRate>& funding) {
  for (std::size_t i = 1; i < funding.size(); ++i)
    if (funding[i].time < funding[i - 1].time) return "the funding times do not ascend";
  return nullptr;
}

std::vector<FundingRate> read_funding_group(hid_t symbol_group, const std::string& path) {
  Handle group = open_group(symbol_group, funding_name, path);
  const auto time = read_column<std::int64_t>(group, "time", path);
  const auto rate = read_column<double>(group, "rate", path);
  if (time.size() != rate.size()) damaged(path, "the funding columns differ in length");
  std::vector<FundingRate> funding(time.size());
  for (std::size_t i = 0; i < time.size(); ++i) funding[i] = {time[i], rate[i]};
  if (const char* problem = funding_problem(funding)) damaged(path, problem);
  return funding;
}

std::vector<Gap> gaps_of(const std::vector<std::int64_t>& time, std::int64_t duration) {
  std::vector<Gap> gaps;
  for (std::size_t i = 1; i < time.size(); ++i)
    if (time[i] - time[i - 1] > duration)
      gaps.push_back({time[i - 1], time[i], (time[i] - time[i - 1] + duration - 1) / duration - 1});
  return gaps;
}

std::int64_t duration_in_file(const std::string& name, const std::string& path) {
  const auto ns = timeframe_ns(name);
  if (!ns) damaged(path, fmt::format("the group {} is no timeframe", name));
  return *ns;
}

[[noreturn]] void not_there(hid_t file, const std::string& path, const std::string& wanted) {
  std::string there;
  for (const auto& name : children(file, path)) {
    Handle group = open_group(file, name, path);
    for (const auto& child : children(group, path)) there += (there.empty() ? "" : ", ") + symbol_of(name) + " " + child;
  }
  throw BadRequest(fmt::format("{} holds no {}; ask for what it holds ({}) or import it with `quern data import`.", path,
                               wanted, there.empty() ? "nothing" : there));
}

// ---- writing

void must(bool done, const char* what) {
  if (!done) throw Failure(fmt::format("HDF5 could not {}", what));
}

void put_number(hid_t object, const char* name, double value, bool whole = false) {
  const std::int64_t integer = static_cast<std::int64_t>(whole ? value : 0);
  Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  Handle attribute(H5Acreate2(object, name, whole ? H5T_STD_I64LE : H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT),
                   H5Aclose);
  must(attribute.ok(), "create an attribute");
  must((whole ? H5Awrite(attribute, H5T_NATIVE_INT64, &integer) : H5Awrite(attribute, H5T_NATIVE_DOUBLE, &value)) >= 0,
       "write an attribute");
}

void put_text(hid_t object, const char* name, const std::string& text) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, text.size() + 1);
  H5Tset_cset(type, H5T_CSET_UTF8);
  Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  Handle attribute(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  must(attribute.ok() && H5Awrite(attribute, type, text.c_str()) >= 0, "write an attribute");
}

Handle make_group(hid_t parent, const std::string& name) {
  Handle create(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  H5Pset_obj_track_times(create, false);
  Handle group(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, create, H5P_DEFAULT), H5Gclose);
  must(group.ok(), "create a group");
  return group;
}

template <class T>
void put_column(hid_t group, const char* name, const std::vector<T>& column) {
  constexpr bool real = std::is_floating_point_v<T>;
  const hsize_t rows = column.size();
  const hsize_t chunk = std::min<hsize_t>(rows, 65536);
  Handle create(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(create, false);
  H5Pset_chunk(create, 1, &chunk);
  H5Pset_shuffle(create);
  H5Pset_deflate(create, 1);
  H5Pset_fletcher32(create);
  Handle space(H5Screate_simple(1, &rows, nullptr), H5Sclose);
  Handle data(H5Dcreate2(group, name, real ? H5T_IEEE_F64LE : H5T_STD_I64LE, space, H5P_DEFAULT, create, H5P_DEFAULT),
              H5Dclose);
  must(data.ok(), "create a column");
  must(H5Dwrite(data, real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, column.data()) >= 0,
       "write a column");
}

void put_instrument(hid_t group, const Instrument& it) {
  if (!it.exchange.empty()) put_text(group, "exchange", it.exchange);
  put_text(group, "tick", decimal(it.tick.value));
  put_number(group, "tick_numerator", it.tick.numerator);
  put_number(group, "tick_denominator", it.tick.denominator);
  if (it.has_lot) put_number(group, "lot", it.lot);
  if (it.has_min_notional) put_number(group, "min_notional", it.min_notional);
  if (it.has_fees) {
    put_number(group, "maker_bps", it.maker_bps);
    put_number(group, "taker_bps", it.taker_bps);
  }
}

void put_rows(hid_t symbol_group, const std::string& timeframe, const PriceRows& rows, const TickSize& tick,
              const std::string& source) {
  Handle group = make_group(symbol_group, timeframe);
  put_column(group, "time", rows.time);
  put_column(group, "open", rows.open);
  put_column(group, "high", rows.high);
  put_column(group, "low", rows.low);
  put_column(group, "close", rows.close);
  put_column(group, "volume", rows.volume);
  put_text(group, "content_hash", content_hash(rows, tick));
  put_text(group, "source", source);
}

void put_funding(hid_t symbol_group, const std::vector<FundingRate>& funding) {
  std::vector<std::int64_t> time;
  std::vector<double> rate;
  for (const auto& payment : funding) {
    time.push_back(payment.time);
    rate.push_back(payment.rate);
  }
  Handle group = make_group(symbol_group, funding_name);
  put_column(group, "time", time);
  put_column(group, "rate", rate);
}

// What the new file holds of one symbol, beside what stays of the earlier one.
struct Plan {
  Instrument instrument;
  bool in_old = false;
  std::map<std::string, const SeriesToWrite*> rows;   // by timeframe
  const std::vector<FundingRate>* funding = nullptr;
};

void merge_instrument(Instrument& into, const Instrument& given, bool with_tick) {
  if (with_tick) into.tick = given.tick;
  if (!given.exchange.empty()) into.exchange = given.exchange;
  if (given.has_lot) into.lot = given.lot, into.has_lot = true;
  if (given.has_min_notional) into.min_notional = given.min_notional, into.has_min_notional = true;
  if (given.has_fees) into.maker_bps = given.maker_bps, into.taker_bps = given.taker_bps, into.has_fees = true;
}

// Makes the new file in memory; HDF5 writes it to `temporary` at the flush.
void make_file(const std::map<std::string, Plan>& plans, hid_t old, const std::string& path,
               const std::string& temporary) {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access, std::size_t{16} << 20, true);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_LATEST);  // metadata with checksums
  Handle create(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_obj_track_times(create, false);
  Handle file(H5Fcreate(temporary.c_str(), H5F_ACC_TRUNC, create, access), H5Fclose);
  must(file.ok(), "create a file");
  put_number(file, "quern_format", static_cast<double>(file_format), true);
  for (const auto& [symbol, plan] : plans) {
    Handle group = make_group(file, group_name(symbol));
    put_instrument(group, plan.instrument);
    bool old_funding = false;
    if (plan.in_old) {
      Handle old_group = open_group(old, group_name(symbol), path);
      const TickSize old_tick = read_instrument(old_group, symbol, path).tick;
      for (const auto& name : children(old_group, path)) {
        if (name == funding_name) {
          old_funding = true;
        } else if (!plan.rows.contains(name)) {
          Handle series = open_group(old_group, name, path);
          put_rows(group, name, read_checked(series, symbol + " " + name, old_tick, path), plan.instrument.tick,
                   read_text(series, "source", path));
        }
      }
      if (old_funding && !plan.funding) put_funding(group, read_funding_group(old_group, path));
    }
    for (const auto& [name, one] : plan.rows) put_rows(group, name, one->rows, plan.instrument.tick, one->source);
    if (plan.funding) put_funding(group, *plan.funding);
  }
  must(H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0, "write the file");
  must(H5Fclose(std::exchange(file.id, -1)) >= 0, "close the file");
}

// 0 or the error number of what failed.
int sync(const char* name, int flags) {
  const int fd = ::open(name, flags | O_CLOEXEC);
  if (fd < 0) return errno;
  const int code = ::fsync(fd) == 0 ? 0 : errno;
  return ::close(fd) == 0 || code != 0 ? code : errno;
}

void replace_file(const std::map<std::string, Plan>& plans, hid_t old, const std::string& path) {
  std::error_code ignored;
  const fs::path target = fs::is_symlink(path, ignored) ? fs::weakly_canonical(path, ignored) : fs::path(path);
  const std::string temporary = fmt::format("{}.tmp{}", target.string(), ::getpid());
  if (const fs::path above = target.parent_path(); !above.empty() && !fs::is_directory(above, ignored)) {
    throw BadRequest(fmt::format("there is no folder '{}', so {} cannot stand there. Make it, or choose another file", above.string(), path));
  }
  try {
    make_file(plans, old, path, temporary);
    if (const int code = sync(temporary.c_str(), O_RDWR)) throw Failure(std::strerror(code));
    if (::rename(temporary.c_str(), target.c_str()) != 0) throw Failure(std::strerror(errno));
  } catch (const BadRequest&) {  // the earlier file is damaged
    ::unlink(temporary.c_str());
    throw;
  } catch (const std::exception& error) {
    ::unlink(temporary.c_str());
    throw Failure(fmt::format("{} could not be written ({}), and what was there before is unchanged; make room or choose "
                              "another place and run the command again.", path, error.what()));
  }
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  sync(folder.c_str(), O_RDONLY | O_DIRECTORY);  // not every file system can; the file itself is complete
}

double power_of_ten(int k) {
  double power = 1;
  while (k-- > 0) power *= 10;
  return power;
}

bool has_decimals(double value, int k) {
  const double power = power_of_ten(k);
  return std::round(value * power) / power == value;
}

std::int64_t bucket_of(std::int64_t time, std::int64_t ns) {
  const std::int64_t shift = ns % (7 * day) == 0 ? 4 * day : 0;  // 1970-01-05 was the first Monday
  std::int64_t rest = (time - shift) % ns;
  if (rest < 0) rest += ns;
  return time - rest;
}

}  // namespace

std::optional<std::int64_t> timeframe_ns(const std::string& timeframe) {
  if (timeframe.size() < 2 || timeframe.size() > 10 || timeframe[0] == '0') return std::nullopt;
  std::int64_t count = 0;
  for (std::size_t i = 0; i + 1 < timeframe.size(); ++i) {
    if (timeframe[i] < '0' || timeframe[i] > '9') return std::nullopt;
    count = count * 10 + (timeframe[i] - '0');
  }
  for (const auto& [letter, ns] : units)
    if (timeframe.back() == letter && count <= std::numeric_limits<std::int64_t>::max() / ns) return count * ns;
  return std::nullopt;
}

std::string timeframe_name(std::int64_t ns) {
  for (const auto& [letter, unit] : units)
    if (ns > 0 && ns % unit == 0) return fmt::format("{}{}", ns / unit, letter);
  return fmt::format("{}ns", ns);
}

std::optional<TickSize> tick_from(double value) {
  if (!(value > 0) || value > 9e15) return std::nullopt;
  int k = 0;
  while (k < 12 && !has_decimals(value, k) && value * power_of_ten(k + 1) <= 9e15) ++k;
  const double power = power_of_ten(k);
  const auto a = static_cast<std::int64_t>(std::round(value * power));
  const auto b = static_cast<std::int64_t>(power);
  if (a == 0) return std::nullopt;
  const std::int64_t common = std::gcd(a, b);
  TickSize tick;
  tick.numerator = static_cast<double>(a / common);
  tick.denominator = static_cast<double>(b / common);
  tick.value = tick.numerator / tick.denominator;
  return tick;
}

std::optional<TickSize> detect_tick(const PriceRows& rows) {
  int k = 0;
  for (const auto* column : {&rows.open, &rows.high, &rows.low, &rows.close})
    for (const double price : *column)
      while (!has_decimals(price, k))
        if (++k > 8) return std::nullopt;
  return TickSize{1.0 / power_of_ten(k), 1.0, power_of_ten(k)};
}

Candles to_candles(const PriceRows& rows, const std::string& timeframe, const TickSize& tick, std::size_t* rounded) {
  const auto duration = timeframe_ns(timeframe);
  if (!duration)
    throw BadRequest(fmt::format("\"{}\" is no timeframe; write a whole number and s, m, h, d or w, such as 15m.",
                                 timeframe));
  Candles candles;
  candles.timeframe = timeframe;
  candles.duration = *duration;
  candles.time = rows.time;
  candles.volume = rows.volume;
  std::size_t count = 0;
  const auto convert = [&](const std::vector<double>& from, std::vector<std::int32_t>& ticks,
                           std::vector<double>& prices, const char* name) {
    ticks.resize(from.size());
    prices.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      // Times b over a, not divided by the tick: decimal halves (6.9815 at 0.001) come out as halves.
      const double whole = round_half_away(from[i] * tick.denominator / tick.numerator);
      if (!(whole >= 1.0 && whole <= static_cast<double>(max_ticks))) {
        const bool large = whole > static_cast<double>(max_ticks);
        throw BadRequest(fmt::format("Row {} ({}) has the {} price {}, which is {} of {}; give {} tick.", i + 1,
                                     iso_time(rows.time[i]), name, from[i],
                                     large ? "more than 2147483647 ticks" : "not even one tick", decimal(tick.value),
                                     large ? "a coarser" : "a finer"));
      }
      ticks[i] = static_cast<std::int32_t>(whole);
      prices[i] = price_of(ticks[i], tick);
      count += prices[i] != from[i];
    }
  };
  convert(rows.open, candles.open, candles.open_price, "open");
  convert(rows.high, candles.high, candles.high_price, "high");
  convert(rows.low, candles.low, candles.low_price, "low");
  convert(rows.close, candles.close, candles.close_price, "close");
  if (rounded) *rounded = count;
  return candles;
}

PriceRows resample(const PriceRows& rows, std::int64_t from_ns, std::int64_t to_ns) {
  if (from_ns <= 0 || to_ns < from_ns || to_ns % from_ns != 0)
    throw BadRequest(fmt::format("Bars of {} cannot be made of bars of {}; ask for a whole multiple.",
                                 timeframe_name(to_ns), timeframe_name(from_ns)));
  PriceRows out;
  const std::size_t n = rows.size();
  for (std::size_t i = 0; i < n;) {
    const std::int64_t start = bucket_of(rows.time[i], to_ns);
    std::size_t end = i + 1;
    while (end < n && rows.time[end] < start + to_ns) ++end;
    const bool cut = i == 0 && rows.time[0] != start;
    const bool open_end = end == n && rows.time[n - 1] + from_ns < start + to_ns;
    if (!cut && !open_end) {
      out.time.push_back(start);
      out.open.push_back(rows.open[i]);
      out.high.push_back(*std::max_element(&rows.high[i], rows.high.data() + end));
      out.low.push_back(*std::min_element(&rows.low[i], rows.low.data() + end));
      out.close.push_back(rows.close[end - 1]);
      double volume = 0;
      for (std::size_t j = i; j < end; ++j) volume += rows.volume[j];
      out.volume.push_back(volume);
    }
    i = end;
  }
  return out;
}

namespace {

// Rows, first and last time of a series, from the ends of its time column.
void read_ends(hid_t series, const std::string& label, const std::string& path, SeriesInfo& info) {
  Handle data(H5Dopen2(series, "time", H5P_DEFAULT), H5Dclose);
  if (!data.ok()) damaged(path, label + ": the column time is missing");
  Handle space(H5Dget_space(data), H5Sclose), one(H5Screate(H5S_SCALAR), H5Sclose);
  const hssize_t rows = H5Sget_simple_extent_npoints(space);
  if (H5Sget_simple_extent_ndims(space) != 1 || rows < 1) damaged(path, label + ": it has no rows");
  const auto read_at = [&](hsize_t row) {
    std::int64_t time = 0;
    if (H5Sselect_elements(space, H5S_SELECT_SET, 1, &row) < 0 ||
        H5Dread(data, H5T_NATIVE_INT64, one, space, H5P_DEFAULT, &time) < 0)
      damaged(path, label + ": the column time cannot be read");
    return time;
  };
  info.rows = static_cast<std::size_t>(rows);
  info.first = read_at(0);
  info.last = read_at(static_cast<hsize_t>(rows) - 1);
}

DatasetInfo read_info(const std::string& path, bool verified) {
  const std::lock_guard lock(library());
  Handle file = open_file(path);
  check_format(file, path);
  DatasetInfo info;
  info.path = path;
  for (const auto& name : children(file, path)) {
    const std::string symbol = symbol_of(name);
    Handle group = open_group(file, name, path);
    const Instrument instrument = read_instrument(group, symbol, path);
    for (const auto& child : children(group, path)) {
      if (child == funding_name) {
        if (verified) read_funding_group(group, path);
        info.funding_symbols.push_back(symbol);
        continue;
      }
      SeriesInfo one;
      one.instrument = instrument;
      one.timeframe = child;
      one.duration = duration_in_file(child, path);
      Handle series = open_group(group, child, path);
      if (verified) {
        const PriceRows rows = read_checked(series, symbol + " " + child, instrument.tick, path);
        one.rows = rows.size();
        one.first = rows.time.front();
        one.last = rows.time.back();
        one.gaps = gaps_of(rows.time, one.duration);
      } else {
        read_ends(series, symbol + " " + child, path, one);
      }
      one.content_hash = read_text(series, "content_hash", path);
      one.source = read_text(series, "source", path);
      info.series.push_back(std::move(one));
    }
  }
  std::sort(info.series.begin(), info.series.end(), [](const SeriesInfo& x, const SeriesInfo& y) {
    return std::pair(x.instrument.symbol, x.duration) < std::pair(y.instrument.symbol, y.duration);
  });
  std::sort(info.funding_symbols.begin(), info.funding_symbols.end());
  return info;
}

}  // namespace

DatasetInfo read_dataset_info(const std::string& path) { return read_info(path, true); }

DatasetInfo read_dataset_listing(const std::string& path) { return read_info(path, false); }

PriceRows read_rows(const std::string& path, const std::string& symbol, const std::string& timeframe) {
  const std::lock_guard lock(library());
  Handle file = open_file(path);
  check_format(file, path);
  const auto ns = timeframe_ns(timeframe);
  const std::string name = ns ? timeframe_name(*ns) : timeframe, label = symbol + " " + timeframe;
  if (!ns || symbol.empty() || H5Lexists(file, group_name(symbol).c_str(), H5P_DEFAULT) <= 0)
    not_there(file, path, label);
  Handle group = open_group(file, group_name(symbol), path);
  if (H5Lexists(group, name.c_str(), H5P_DEFAULT) <= 0) not_there(file, path, label);
  Handle series = open_group(group, name, path);
  return read_checked(series, label, read_instrument(group, symbol, path).tick, path);
}

std::vector<FundingRate> read_funding(const std::string& path, const std::string& symbol) {
  const std::lock_guard lock(library());
  Handle file = open_file(path);
  check_format(file, path);
  if (symbol.empty() || H5Lexists(file, group_name(symbol).c_str(), H5P_DEFAULT) <= 0) not_there(file, path, symbol);
  Handle group = open_group(file, group_name(symbol), path);
  if (H5Lexists(group, funding_name, H5P_DEFAULT) <= 0) return {};
  return read_funding_group(group, path);
}

void write_dataset(const std::string& path, const std::vector<SeriesToWrite>& series) {
  const std::lock_guard lock(library());
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  std::map<std::string, Plan> plans;
  Handle old(-1, H5Fclose);
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    Handle file = open_file(path);
    std::swap(old.id, file.id);
    check_format(old, path);
    for (const auto& name : children(old, path)) {
      const std::string symbol = symbol_of(name);
      Plan& plan = plans[symbol];
      plan.instrument = read_instrument(open_group(old, name, path), symbol, path);
      plan.in_old = true;
    }
  }
  for (const auto& one : series) {
    const std::string& symbol = one.instrument.symbol;
    const auto refuse = [&](const std::string& problem) {
      throw BadRequest(fmt::format("{} {} cannot be stored in {}: {}; correct the source and import it again.", symbol,
                                   one.timeframe, path, problem));
    };
    if (symbol.empty()) refuse("the symbol is empty");
    const bool has_rows = !one.rows.time.empty();
    if (!has_rows && one.funding.empty()) refuse("it has no rows");
    const bool known = plans.contains(symbol);
    Plan& plan = plans[symbol];
    plan.instrument.symbol = symbol;
    merge_instrument(plan.instrument, one.instrument, has_rows || !known);
    if (has_rows) {
      const auto ns = timeframe_ns(one.timeframe);
      if (!ns) refuse("the timeframe is none");
      if (const char* problem = length_problem(one.rows)) refuse(problem);
      plan.rows[timeframe_name(*ns)] = &one;
    }
    if (!one.funding.empty()) {
      if (const char* problem = funding_problem(one.funding)) refuse(problem);
      plan.funding = &one.funding;
    }
  }
  replace_file(plans, old, path);
}

}  // namespace quern
