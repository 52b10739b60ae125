<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Upgrade.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

/**
 * Bring an older installation up to this version.
 *
 * @param int $oldversion
 * @return bool
 */
function xmldb_local_earlybell_upgrade(int $oldversion): bool {
    global $CFG, $DB;
    if ($oldversion < 2026113005) {
        $manager = $DB->get_manager();
        foreach (['trial', 'arm', 'look', 'sent'] as $table) {
            if (!$manager->table_exists("local_earlybell_$table")) {
                $manager->install_one_table_from_xmldb_file("$CFG->dirroot/local/earlybell/db/install.xml", "local_earlybell_$table");
            }
        }
        upgrade_plugin_savepoint(true, 2026113005, 'local', 'earlybell');
    }
    return true;
}
