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
 * Steps of Behat.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

// NOTE: no MOODLE_INTERNAL here: this file may be required by Behat before config.php is.

require_once(__DIR__ . '/../../../../lib/behat/behat_base.php');

/**
 * The plugin's pages by name, for core's step 'I am on the "..." "local_earlybell > ..." page'.
 */
class behat_local_earlybell extends behat_base {
    /** Pages of a course, by name. */
    private const PAGES = [
        'today' => ['view.php', ['tab' => 'today']],
        'all learners' => ['view.php', ['tab' => 'all']],
        'how far to trust it' => ['view.php', ['tab' => 'trust']],
        'my progress' => ['mine.php', []],
    ];

    #[\Override]
    protected function resolve_page_instance_url(string $type, string $identifier): moodle_url {
        if (!isset(self::PAGES[core_text::strtolower($type)])) {
            throw new Exception("Unrecognised page type: $type");
        }
        [$file, $params] = self::PAGES[core_text::strtolower($type)];
        return new moodle_url("/local/earlybell/$file", ['id' => $this->get_course_id($identifier)] + $params);
    }
}
