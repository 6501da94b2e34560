# Required: Threads, hwloc, SQLite, jansson, pthreadpool, cpuinfo, Google Benchmark.
# Optional: OpenCL, CUDA Toolkit headers, cmocka (tests). Baselines are found at run time.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(benchmark REQUIRED)
pkg_check_modules(hwloc REQUIRED IMPORTED_TARGET hwloc)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(cpuinfo REQUIRED IMPORTED_TARGET libcpuinfo)

# pthreadpool ships neither a CMake package nor a .pc file on Debian.
find_path(PTHREADPOOL_INCLUDE_DIR pthreadpool.h REQUIRED)
find_library(PTHREADPOOL_LIBRARY pthreadpool REQUIRED)
add_library(hone_pthreadpool INTERFACE)
target_include_directories(hone_pthreadpool INTERFACE ${PTHREADPOOL_INCLUDE_DIR})
target_link_libraries(hone_pthreadpool INTERFACE ${PTHREADPOOL_LIBRARY})

find_package(OpenCL QUIET)
find_package(CUDAToolkit QUIET)
if(HONE_TESTS)
  pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
endif()

function(hone_report_line what found version)
  if(found)
    message(STATUS "  ${what}: ${version}")
  else()
    message(STATUS "  ${what}: not found")
  endif()
endfunction()

function(hone_dependencies_report)
  message(STATUS "Hone ${PROJECT_VERSION} (${HONE_COMMIT}), ${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}, ${CMAKE_BUILD_TYPE}")
  message(STATUS "CPU instruction sets built: ${HONE_CPU_ISAS}")
  message(STATUS "Optional parts:")
  hone_report_line("OpenCL (backend)" "${OpenCL_FOUND}" "${OpenCL_VERSION_STRING}")
  hone_report_line("CUDA Toolkit (backend)" "${CUDAToolkit_FOUND}" "${CUDAToolkit_VERSION}")
endfunction()
