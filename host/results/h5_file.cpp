#include "host/results/h5_file.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "host/base/error.hpp"

namespace quern {
namespace {

static_assert(sizeof(hid_t) == sizeof(std::int64_t));

hid_t memory_type(ColumnType type, std::size_t width) {
  switch (type) {
    case ColumnType::real: return H5Tcopy(H5T_IEEE_F64LE);
    case ColumnType::signed32: return H5Tcopy(H5T_STD_I32LE);
    case ColumnType::signed64: return H5Tcopy(H5T_STD_I64LE);
    case ColumnType::unsigned32: return H5Tcopy(H5T_STD_U32LE);
    case ColumnType::unsigned64: return H5Tcopy(H5T_STD_U64LE);
    case ColumnType::text: break;
  }
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, std::max<std::size_t>(1, width));
  H5Tset_cset(text, H5T_CSET_UTF8);
  H5Tset_strpad(text, H5T_STR_NULLPAD);
  return text;
}

// A file that the disk would not take stays open inside the library, and its handler at exit would touch it again and crash.
[[maybe_unused]] const bool without_exit_handler = H5dont_atexit() >= 0;

void be_quiet() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

}  // namespace

H5File H5File::create(const std::string& path) {
  be_quiet();
  const hid_t properties = H5Pcreate(H5P_FILE_CREATE);
  H5Pset_obj_track_times(properties, false);
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);   // small chunk indices, metadata with checksums
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  H5Pset_cache(access, 0, 521, 0, 1.0);                             // rows come in whole chunks: keep none of them
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, properties, access);
  H5Pclose(access);
  H5Pclose(properties);
  if (file < 0) throw Failure(fmt::format("cannot create '{}'. Check that its folder exists and may be written", path));
  return H5File(file, path);
}

H5File H5File::open(const std::string& path) {
  be_quiet();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw BadRequest(fmt::format("there is no file '{}'. Check the name", path));
  }
  if (H5Fis_hdf5(path.c_str()) <= 0) {
    throw BadRequest(fmt::format("'{}' is no HDF5 file, so it holds no result. Give the file that 'quern sweep --output' wrote", path));
  }
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) throw BadRequest(fmt::format("'{}' is damaged or cut short and cannot be opened. Run the sweep again", path));
  return H5File(file, path);
}

H5File::H5File(H5File&& other) noexcept
    : file_(other.file_), path_(std::move(other.path_)), open_(std::move(other.open_)) {
  other.file_ = -1;
  other.open_.clear();
}

H5File::~H5File() {
  for (const auto& [name, dataset] : open_) H5Dclose(dataset);
  if (file_ >= 0) H5Fclose(file_);
}

void H5File::fail(const std::string& what) const {
  throw Failure(fmt::format("cannot {} '{}'. The disk may be full or the file damaged", what, path_));
}

void H5File::write_attribute(const std::string& name, const std::string& value) {
  // Long texts do not fit an attribute of an old-style header, so texts are kept in datasets of one value beyond 32 kB.
  const hid_t type = memory_type(ColumnType::text, value.size()), space = H5Screate(H5S_SCALAR);
  const bool is_long = value.size() > 32000;
  herr_t status = -1;
  if (is_long) {
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(properties, false);
    const hid_t set = H5Dcreate2(file_, name.c_str(), type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    status = set < 0 ? -1 : H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data());
    if (set >= 0) H5Dclose(set);
    H5Pclose(properties);
  } else {
    const hid_t attribute = H5Acreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    const std::string padded = value.empty() ? std::string(1, '\0') : value;
    status = attribute < 0 ? -1 : H5Awrite(attribute, type, padded.data());
    if (attribute >= 0) H5Aclose(attribute);
  }
  H5Sclose(space);
  H5Tclose(type);
  if (status < 0) fail("write attributes of");
}

void H5File::write_attribute(const std::string& name, std::int64_t value) {
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t attribute = H5Acreate2(file_, name.c_str(), H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
  const herr_t status = attribute < 0 ? -1 : H5Awrite(attribute, H5T_NATIVE_INT64, &value);
  if (attribute >= 0) H5Aclose(attribute);
  H5Sclose(space);
  if (status < 0) fail("write attributes of");
}

bool H5File::has_attribute(const std::string& name) const {
  return H5Aexists(file_, name.c_str()) > 0 || H5Lexists(file_, name.c_str(), H5P_DEFAULT) > 0;
}

std::string H5File::text_attribute(const std::string& name) const {
  if (!has_attribute(name)) return {};
  const bool is_attribute = H5Aexists(file_, name.c_str()) > 0;
  const hid_t object = is_attribute ? H5Aopen(file_, name.c_str(), H5P_DEFAULT) : H5Dopen2(file_, name.c_str(), H5P_DEFAULT);
  if (object < 0) return {};
  const hid_t type = is_attribute ? H5Aget_type(object) : H5Dget_type(object);
  std::string value;
  if (H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) <= 0) {
    value.resize(H5Tget_size(type));
    const herr_t status = is_attribute ? H5Aread(object, type, value.data())
                                       : H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data());
    if (status < 0) value.clear();
    while (!value.empty() && value.back() == '\0') value.pop_back();
  }
  H5Tclose(type);
  if (is_attribute) H5Aclose(object);
  else H5Dclose(object);
  return value;
}

std::int64_t H5File::whole_attribute(const std::string& name) const {
  std::int64_t value = 0;
  if (H5Aexists(file_, name.c_str()) <= 0) return value;
  const hid_t attribute = H5Aopen(file_, name.c_str(), H5P_DEFAULT);
  if (H5Aread(attribute, H5T_NATIVE_INT64, &value) < 0) value = 0;
  H5Aclose(attribute);
  return value;
}

void H5File::create_group(const std::string& path) {
  const hid_t properties = H5Pcreate(H5P_GROUP_CREATE);
  H5Pset_obj_track_times(properties, false);
  const hid_t group = H5Gcreate2(file_, path.c_str(), H5P_DEFAULT, properties, H5P_DEFAULT);
  H5Pclose(properties);
  if (group < 0) fail("write a group of");
  H5Gclose(group);
}

void H5File::create_column(const std::string& path, ColumnType type, std::uint64_t rows, std::uint64_t chunk_rows,
                           std::size_t width) {
  const hsize_t shape = rows, chunk = std::max<hsize_t>(1, std::min<hsize_t>(chunk_rows, rows));
  const hid_t space = H5Screate_simple(1, &shape, nullptr);
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_obj_track_times(properties, false);
  if (rows > 0) {
    H5Pset_chunk(properties, 1, &chunk);
    H5Pset_shuffle(properties);
    H5Pset_deflate(properties, 1);
    H5Pset_fletcher32(properties);
  }
  const hid_t stored = memory_type(type, width);
  const hid_t set = H5Dcreate2(file_, path.c_str(), stored, space, H5P_DEFAULT, properties, H5P_DEFAULT);
  H5Tclose(stored);
  H5Pclose(properties);
  H5Sclose(space);
  if (set < 0) fail("write a column of");
  open_[path] = set;
}

void H5File::write_rows(const std::string& path, std::uint64_t first, std::uint64_t count, const void* values) {
  if (count == 0) return;
  const hid_t set = dataset(path), type = H5Dget_type(set), file_space = H5Dget_space(set);
  const hsize_t start = first, length = count;
  const hid_t memory_space = H5Screate_simple(1, &length, nullptr);
  H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &start, nullptr, &length, nullptr);
  const herr_t status = H5Dwrite(set, type, memory_space, file_space, H5P_DEFAULT, values);
  H5Sclose(memory_space);
  H5Sclose(file_space);
  H5Tclose(type);
  if (status < 0) fail("write a column of");
}

void H5File::write_chunk(const std::string& path, std::uint64_t first, const std::string& packed) {
  const hsize_t start = first;
  if (H5Dwrite_chunk(dataset(path), H5P_DEFAULT, 0, &start, packed.size(), packed.data()) < 0) fail("write a column of");
}

std::int64_t H5File::dataset(const std::string& path) const {
  const auto found = open_.find(path);
  if (found != open_.end()) return found->second;
  const hid_t set = has(path) ? H5Dopen2(file_, path.c_str(), H5P_DEFAULT) : -1;
  if (set < 0) throw BadRequest(fmt::format("'{}' holds no {}: it is no complete result of this program. Run the sweep again", path_, path));
  return open_[path] = set;
}

bool H5File::has(const std::string& path) const {
  // Every link on the way must exist.
  for (std::size_t slash = path.find('/', 1); ; slash = path.find('/', slash + 1)) {
    if (H5Lexists(file_, path.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
    if (slash == std::string::npos) return true;
  }
}

std::vector<std::string> H5File::children(const std::string& path) const {
  std::vector<std::string> names;
  if (!has(path)) return names;
  const hid_t group = H5Gopen2(file_, path.c_str(), H5P_DEFAULT);
  if (group < 0) return names;
  H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr,
             [](hid_t, const char* name, const H5L_info_t*, void* data) -> herr_t {
               static_cast<std::vector<std::string>*>(data)->push_back(name);
               return 0;
             }, &names);
  H5Gclose(group);
  return names;
}

std::uint64_t H5File::rows(const std::string& path) const {
  const hid_t space = H5Dget_space(dataset(path));
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  H5Sclose(space);
  return count < 0 ? 0 : static_cast<std::uint64_t>(count);
}

bool H5File::is_column(const std::string& path) const {
  if (!has(path)) return false;
  const hid_t object = H5Oopen(file_, path.c_str(), H5P_DEFAULT);
  const bool column = H5Iget_type(object) == H5I_DATASET;
  H5Oclose(object);
  return column;
}

bool H5File::is_text(const std::string& path) const {
  const hid_t type = H5Dget_type(dataset(path));
  const bool text = H5Tget_class(type) == H5T_STRING;
  H5Tclose(type);
  return text;
}

void H5File::read(const std::string& path, std::uint64_t first, std::uint64_t count, std::int64_t type, void* values) const {
  if (count == 0) return;
  const hid_t set = dataset(path), file_space = H5Dget_space(set);
  const hsize_t start = first, length = count;
  const hid_t memory_space = H5Screate_simple(1, &length, nullptr);
  H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &start, nullptr, &length, nullptr);
  const herr_t status = H5Dread(set, type, memory_space, file_space, H5P_DEFAULT, values);
  H5Sclose(memory_space);
  H5Sclose(file_space);
  if (status < 0) throw BadRequest(fmt::format("'{}' is damaged: {} cannot be read. Run the sweep again with --force", path_, path));
}

std::vector<double> H5File::read_reals(const std::string& path, std::uint64_t first, std::uint64_t count) const {
  std::vector<double> values(count);
  read(path, first, count, H5T_NATIVE_DOUBLE, values.data());
  return values;
}

std::vector<std::uint64_t> H5File::read_unsigned(const std::string& path, std::uint64_t first, std::uint64_t count) const {
  std::vector<std::uint64_t> values(count);
  read(path, first, count, H5T_NATIVE_UINT64, values.data());
  return values;
}

std::vector<std::string> H5File::read_texts(const std::string& path, std::uint64_t first, std::uint64_t count) const {
  const hid_t type = H5Dget_type(dataset(path));
  const std::size_t width = H5Tget_size(type);
  std::string bytes(width * count, '\0');
  if (H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) <= 0) read(path, first, count, type, bytes.data());
  H5Tclose(type);
  std::vector<std::string> texts;
  for (std::uint64_t row = 0; row < count; ++row) {
    const char* begin = bytes.data() + row * width;
    texts.emplace_back(begin, ::strnlen(begin, width));
  }
  return texts;
}

void H5File::close() {
  bool good = true;
  for (const auto& [name, set] : open_) good = H5Dclose(set) >= 0 && good;
  open_.clear();
  const hid_t file = file_;
  file_ = -1;
  good = H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0 && good;
  good = H5Fclose(file) >= 0 && good;
  if (!good) fail("finish");
}

}  // namespace quern
