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

namespace local_earlybell\local;

/**
 * Tests the connection, and says what is wrong and which setting to change.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class connection {
    /** What the metadata of a server that we can use name as outputs. */
    private const OUTPUTS = ['risk', 'low', 'high', 'band', 'correction'];

    /**
     * With a client, and names resolved.
     *
     * @param client $client
     * @param string $endpoint
     * @param \Closure|null $resolve a name's addresses, in tests
     */
    public function __construct(
        /** @var client asks */
        private readonly client $client,
        /** @var string address */
        private readonly string $endpoint,
        /** @var \Closure|null resolves */
        private readonly ?\Closure $resolve = null
    ) {
    }

    /**
     * From the settings.
     *
     * @return self
     */
    public static function from_settings(): self {
        return new self(config::client(), config::text('endpoint'));
    }

    /**
     * Test.
     *
     * @return array failure (null if all is well), and the values for its words: host, port, line, address, detail, version
     */
    public function test(): array {
        $values = ['host' => '', 'port' => '', 'line' => '', 'address' => '', 'detail' => '', 'version' => ''];
        if ($this->endpoint === '') {
            return [failure::notset, $values];
        }
        $parts = parse_url($this->endpoint);
        $scheme = strtolower($parts['scheme'] ?? '');
        if (!in_array($scheme, ['http', 'https'], true) || empty($parts['host'])) {
            return [failure::badaddress, ['detail' => $this->endpoint] + $values];
        }
        $values['host'] = trim($parts['host'], '[]');
        $values['port'] = $parts['port'] ?? ($scheme === 'https' ? 443 : 80);
        $failure = $this->blocked($values);
        if ($failure) {
            return [$failure, $values];
        }
        try {
            $this->check_version();
            $values['version'] = $this->client->predict($this->nobody())['model_version'];
        } catch (service_exception $exception) {
            // The way is free, so it is no longer Moodle that blocks; and a refusal of nobody is no fault of a class.
            $failure = $exception->failure === failure::request ? failure::version : $exception->failure;
            return [$failure, ['detail' => $exception->getMessage()] + $values];
        }
        return [null, $values];
    }

    /**
     * Whether Moodle itself stands in the way; it says the same of all three.
     *
     * @param array $values gets what is to be said
     * @return failure|null
     */
    private function blocked(array &$values): ?failure {
        $host = $values['host'];
        $security = new http_security();
        $isaddress = \core\ip_utils::is_ip_address($host);
        $addresses = $isaddress ? [$host] : ($this->resolve ? ($this->resolve)($host) : (gethostbynamel($host) ?: []));
        $values['address'] = implode(', ', $addresses);
        $line = $security->blocking_line($host, $addresses);
        if ($line !== null) {
            $values['line'] = $line;
            return failure::blockedhost;
        }
        if (!$addresses) {
            return failure::unknownname;
        }
        return $security->blocks_port((int) $values['port']) ? failure::blockedport : null;
    }

    /**
     * Whether it is our server, of a version that knows corrections.
     */
    private function check_version(): void {
        $metadata = $this->client->metadata();
        $outputs = array_column(is_array($metadata['outputs'] ?? null) ? $metadata['outputs'] : [], 'name');
        if (($metadata['name'] ?? '') !== client::MODEL || array_diff(self::OUTPUTS, $outputs)) {
            throw new service_exception(failure::version, 'outputs: ' . (implode(', ', $outputs) ?: 'none'));
        }
    }

    /**
     * A request about a course run without learners: it tries the token and the form, and nothing is predicted.
     *
     * @return string
     */
    private function nobody(): string {
        $now = time();
        $course = ['course_id' => 'connection-test', 'code' => 'connection-test', 'starts_at' => $now - DAYSECS, 'granularity' => 'raw'];
        return (new payload(new pseudonym(str_repeat('0', 64)), $course, ['enrolments' => []], $now))->body();
    }
}
