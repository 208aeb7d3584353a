# The Debian package: `cpack -G DEB` in the folder of a build; README.md beside this file. It fits the release of Debian that
# it is built on, whose libraries it links.
set(OUTBOX_RELAY_MAINTAINER "outbox-relay maintainers <outbox-relay@localhost>" CACHE STRING
    "who answers for the Debian package: Name <address>")

file(STRINGS /etc/os-release release REGEX "^VERSION_ID=")
string(REGEX REPLACE "[^0-9]" "" release "${release}")
set(package_version ${PROJECT_VERSION})
if(OUTBOX_RELAY_FAILPOINTS OR OUTBOX_RELAY_SANITIZE)
  string(APPEND package_version "+test")  # made for tests; its package must not look like one for others
endif()

# What only the package has: a plain `cmake --install` writes no /etc and no unit.
set(documents ${PROJECT_BINARY_DIR}/debian)
set(share /usr/share/outbox-relay)
set(doc /usr/share/doc/outbox-relay)
install(CODE "execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/documents.sh \"$<TARGET_FILE:outbox-relay>\"
  \"${package_version}-1~deb${release}\" \"${OUTBOX_RELAY_MAINTAINER}\" \"${documents}\" COMMAND_ERROR_IS_FATAL ANY)"
  COMPONENT package EXCLUDE_FROM_ALL)
function(packaged destination)
  install(FILES ${ARGN} DESTINATION ${destination} COMPONENT package EXCLUDE_FROM_ALL)
endfunction()
# packaged_gzip(<destination> <file> <name>): as Debian's policy has documents
function(packaged_gzip destination file name)
  install(CODE "execute_process(COMMAND gzip -9nc INPUT_FILE \"${file}\" OUTPUT_FILE \"${documents}/${name}.gz\"
    COMMAND_ERROR_IS_FATAL ANY)" COMPONENT package EXCLUDE_FROM_ALL)
  packaged(${destination} ${documents}/${name}.gz)
endfunction()
packaged(/usr/lib/systemd/system deploy/systemd/outbox-relay.service)
install(FILES config/systemd.yaml DESTINATION /etc/outbox-relay RENAME outbox-relay.yaml
        COMPONENT package EXCLUDE_FROM_ALL)
file(GLOB sql CONFIGURE_DEPENDS deploy/sql/*.sql)
packaged(${share}/sql ${sql})
packaged(${share} config/outbox-relay.schema.json)
packaged(${doc} README.md ${CMAKE_CURRENT_LIST_DIR}/copyright ${documents}/changelog.Debian.gz)
packaged(${doc}/examples config/minimal.yaml config/example.yaml config/cloudevents.yaml
         config/debezium.yaml config/eventuate.yaml config/own-table.yaml)
packaged_gzip(${doc} ${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog)
packaged_gzip(${doc} ${PROJECT_SOURCE_DIR}/config/README.md configuration.md)
packaged_gzip(${doc} ${PROJECT_SOURCE_DIR}/deploy/README.md deploying.md)
packaged_gzip(${doc} ${PROJECT_SOURCE_DIR}/deploy/migration.md migration.md)
packaged(/usr/share/man/man1 ${documents}/outbox-relay.1.gz)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME outbox-relay)
set(CPACK_PACKAGE_VERSION ${package_version})
set(CPACK_PACKAGE_CONTACT "${OUTBOX_RELAY_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};outbox-relay;ALL;/;${PROJECT_BINARY_DIR};outbox-relay;package;/")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_PACKAGE_RELEASE "1~deb${release}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
# Below the one line that `project` has.
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "A service writes an outbox row in the transaction that changes its
business rows. This daemon publishes the rows to Kafka, and marks them
once Kafka has acknowledged them: none is lost, rows of one key keep
their order, and few arrive twice.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/conffiles ${CMAKE_CURRENT_LIST_DIR}/postinst
    ${CMAKE_CURRENT_LIST_DIR}/prerm ${CMAKE_CURRENT_LIST_DIR}/postrm)
include(CPack)
