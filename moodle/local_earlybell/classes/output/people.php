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

namespace local_earlybell\output;

/**
 * Names and pictures of users, read once for a page.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class people {
    /** @var \stdClass[] users by id */
    private array $users;

    /**
     * Of these.
     *
     * @param int[] $userids
     */
    public function __construct(array $userids) {
        global $DB;
        $fields = \core_user\fields::for_userpic()->get_required_fields();
        $fields = implode(',', array_unique(array_merge(['id', 'deleted', 'lang'], $fields)));
        $userids = array_unique(array_filter($userids));
        $this->users = $userids ? $DB->get_records_list('user', 'id', $userids, '', $fields) : [];
    }

    /**
     * The name of a user.
     *
     * @param int $userid
     * @return string plain, not yet escaped
     */
    public function name(int $userid): string {
        return isset($this->users[$userid]) ? fullname($this->users[$userid]) : get_string('somebody', 'local_earlybell');
    }

    /**
     * The picture of a user, for who sees it.
     *
     * @param int $userid
     * @return string HTML
     */
    public function picture(int $userid): string {
        global $OUTPUT;
        if (!isset($this->users[$userid])) {
            return '';
        }
        return $OUTPUT->user_picture($this->users[$userid], ['size' => 35, 'link' => false, 'alttext' => false]);
    }
}
