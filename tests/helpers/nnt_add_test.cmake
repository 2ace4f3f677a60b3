# Adding tests: nnt_add_test for a command, nnt_add_unit_test for a C file with cmocka.

set(NNTRAIN_TEST_WRAPPER "" CACHE STRING
  "A command (a list) put before each unit test's program, for example valgrind;--error-exitcode=99")

# Every test's environment. Several ranks and several tests share the machine's cores: nothing is
# bound, waiting ranks yield, and a script's own mpirun needs no flags for it.
set(nnt_test_environment
  NNTRAIN=$<TARGET_FILE:nntrain>
  NNTRAIN_SOURCE_DIR=${PROJECT_SOURCE_DIR}
  NNTRAIN_MPIEXEC=${MPIEXEC_EXECUTABLE}
  PYTHON3=${Python3_EXECUTABLE}
  OMPI_ALLOW_RUN_AS_ROOT=1
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  OMPI_MCA_rmaps_base_oversubscribe=1
  OMPI_MCA_hwloc_base_binding_policy=none
  OMPI_MCA_mpi_yield_when_idle=1)
if(NNTRAIN_SANITIZE)
  list(APPEND nnt_test_environment
    ASAN_OPTIONS=fast_unwind_on_malloc=0:malloc_context_size=40
    LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_LIST_DIR}/lsan.supp:print_suppressions=0
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1)
endif()

# nnt_add_test(NAME n COMMAND ... [RANKS r] [LABEL l] [QUICK] [TIMEOUT seconds] [COST seconds]
#              [THREADS t] [PROCESSORS p] [PYTHON] [ENVIRONMENT name=value ...])
# With RANKS the command is run by mpirun. A target's name as the command is its program. Exit code 77
# means skipped. A test over its TIMEOUT (default 300) has failed: it hangs. The working directory is a directory of the test's
# own, which may hold what an earlier run of it left.
#   QUICK       one of those that scripts/test.sh quick runs: label quick, too
#   COST        how long it takes, if that is half a minute or more: the longest begin first
#   PROCESSORS  of the machine that it keeps busy (default RANKS x THREADS): 1 if it waits for most of
#               its time, whatever it starts
#   PYTHON      a shell script that uses $PYTHON3: without one, tests that need it are left out
function(nnt_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "PYTHON;QUICK"
    "NAME;RANKS;LABEL;TIMEOUT;COST;THREADS;PROCESSORS" "COMMAND;ENVIRONMENT")
  if(NOT arg_NAME OR NOT arg_COMMAND OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "nnt_add_test needs NAME and COMMAND; unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  list(POP_FRONT arg_COMMAND program)
  if(NOT NNTRAIN_PYTHON AND (arg_PYTHON OR program STREQUAL Python3_EXECUTABLE))
    return()
  endif()
  set(ranks 1)
  set(threads 1)
  set(timeout 300)
  foreach(option ranks threads timeout)
    string(TOUPPER ${option} key)
    if(DEFINED arg_${key})
      set(${option} ${arg_${key}})
    endif()
  endforeach()
  if(NNTRAIN_SANITIZE OR NNTRAIN_TEST_WRAPPER)
    math(EXPR timeout "${timeout} * 10")
  endif()
  math(EXPR processors "${ranks} * ${threads}")
  if(DEFINED arg_PROCESSORS)
    set(processors ${arg_PROCESSORS})
  endif()
  set(labels ${arg_LABEL})
  if(arg_QUICK)
    list(APPEND labels quick)
  endif()

  if(TARGET ${program})
    set(program $<TARGET_FILE:${program}>)
  endif()
  if(DEFINED arg_RANKS)
    set(launcher ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} --oversubscribe
      --bind-to none)
  endif()
  set(scratch ${CMAKE_CURRENT_BINARY_DIR}/scratch/${arg_NAME})
  file(MAKE_DIRECTORY ${scratch})
  add_test(NAME ${arg_NAME} COMMAND ${launcher} ${program} ${arg_COMMAND}
    WORKING_DIRECTORY ${scratch})
  set(environment ${nnt_test_environment} OMP_NUM_THREADS=${threads} ${arg_ENVIRONMENT})
  set_tests_properties(${arg_NAME} PROPERTIES
    ENVIRONMENT "${environment}"
    LABELS "${labels}"
    PROCESSORS ${processors}
    SKIP_RETURN_CODE 77
    TIMEOUT ${timeout})
  if(DEFINED arg_COST)
    set_tests_properties(${arg_NAME} PROPERTIES COST ${arg_COST})
  endif()
endfunction()

# nnt_wrap(target function ...): calls of these functions go to __wrap_FUNCTION in the target.
function(nnt_wrap target)
  foreach(function ${ARGN})
    target_link_options(${target} PRIVATE LINKER:--wrap=${function})
  endforeach()
endfunction()

# nnt_add_unit_test(name source ... [RANKS r ...] [LABEL l] [QUICK] [TIMEOUT seconds] [THREADS t]
#                   [LIBRARIES ...] [WRAP function ...] [ENVIRONMENT ...])
# Builds one program; its sources may include any header of src/. Calls of the functions in WRAP go to
# __wrap_FUNCTION in them. With RANKS it is run once for each number of ranks, as the tests name-np1,
# name-np2 ..., label mpi; without, labels unit and quick. Without cmocka it is left out.
function(nnt_add_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "QUICK" "LABEL;TIMEOUT;THREADS"
    "RANKS;LIBRARIES;WRAP;ENVIRONMENT")
  if(NOT CMOCKA_FOUND)
    return()
  endif()
  add_executable(test_${name} ${arg_UNPARSED_ARGUMENTS})
  set_target_properties(test_${name} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(test_${name} PRIVATE nntrain_static nnt_flags PkgConfig::CMOCKA
    MPI::MPI_C OpenMP::OpenMP_C m ${arg_LIBRARIES})
  nnt_wrap(test_${name} ${arg_WRAP})

  set(label unit)
  if(DEFINED arg_LABEL)
    set(label ${arg_LABEL})
  elseif(DEFINED arg_RANKS)
    set(label mpi)
  endif()
  set(pass_on LABEL ${label})
  if(arg_QUICK OR label STREQUAL unit)
    list(APPEND pass_on QUICK)
  endif()
  foreach(option TIMEOUT THREADS ENVIRONMENT)
    if(DEFINED arg_${option})
      list(APPEND pass_on ${option} ${arg_${option}})
    endif()
  endforeach()
  set(command ${NNTRAIN_TEST_WRAPPER} $<TARGET_FILE:test_${name}>)
  if(NOT DEFINED arg_RANKS)
    nnt_add_test(NAME ${name} COMMAND ${command} ${pass_on})
    return()
  endif()
  foreach(ranks ${arg_RANKS})
    nnt_add_test(NAME ${name}-np${ranks} COMMAND ${command} RANKS ${ranks} ${pass_on})
  endforeach()
endfunction()
