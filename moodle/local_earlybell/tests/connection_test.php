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

namespace local_earlybell;

use GuzzleHttp\Exception\ConnectException;
use GuzzleHttp\Psr7\Request;
use GuzzleHttp\Psr7\Response;
use local_earlybell\local\connection;
use local_earlybell\local\failure;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/service_testcase.php');

/**
 * What "Test the connection" tells apart.
 *
 * @covers \local_earlybell\local\connection
 * @covers \local_earlybell\local\http_security
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class connection_test extends service_testcase {
    /** What a server that we can use says of itself. */
    private const METADATA = '{"name": "learner-risk", "outputs": [{"name": "risk"}, {"name": "low"}, {"name": "high"}, {"name": "band"},
        {"name": "correction"}]}';

    /**
     * Test an address.
     *
     * @param string $endpoint
     * @param array $first what is answered
     * @param string[] $addresses what the name resolves to
     * @return array failure and values
     */
    private function probe(string $endpoint, array $first = [], array $addresses = ['93.184.216.34']): array {
        $this->first = $first;
        return (new connection($this->client(), $endpoint, fn(): array => $addresses))->test();
    }

    /**
     * Addresses that Moodle's own settings stand before, on a fresh site.
     *
     * @return array
     */
    public static function before(): array {
        return [
            'nothing' => ['', [], failure::notset, ''],
            'no address' => ['earlybell', [], failure::badaddress, ''],
            'another scheme' => ['ftp://a.example', [], failure::badaddress, ''],
            'a private address' => ['https://10.1.2.3', [], failure::blockedhost, '10.0.0.0/8'],
            'a name of a private address' => ['https://a.example', ['192.168.4.5'], failure::blockedhost, '192.168.0.0/16'],
            'a blocked name' => ['https://localhost', ['127.0.0.1'], failure::blockedhost, '127.0.0.0/8'],
            'a name that does not resolve' => ['https://a.example', [], failure::unknownname, ''],
            'a port' => ['https://a.example:8443', ['93.184.216.34'], failure::blockedport, ''],
        ];
    }

    /**
     * The three for which Moodle says the same are told apart, before anything is sent.
     *
     * @dataProvider before
     * @param string $endpoint
     * @param string[] $addresses
     * @param failure $expected
     * @param string $line
     */
    public function test_before_anything_is_sent(string $endpoint, array $addresses, failure $expected, string $line): void {
        set_config('curlsecurityblockedhosts', "127.0.0.0/8\n192.168.0.0/16\n10.0.0.0/8\nlocalhost");
        set_config('curlsecurityallowedport', "443\n80");
        [$failure, $values] = $this->probe($endpoint, [], $addresses);
        $this->assertSame([$expected, $line], [$failure, $values['line']]);
        $this->assertSame([], $this->requests);
        $text = get_string("failure_$failure->value", 'local_earlybell', $values);
        $this->assertStringContainsString($line, $text);
        // Nothing of Moodle's security is changed.
        $this->assertSame("443\n80", get_config('core', 'curlsecurityallowedport'));
    }

    /**
     * Answers, and what they mean.
     *
     * @return array
     */
    public static function answers(): array {
        $fails = fn(string $message): array => [new ConnectException($message, new Request('GET', '/'))];
        $good = new Response(200, [], self::METADATA);
        return [
            'refused' => [$fails('cURL error 7: no'), failure::refused],
            'a name that vanished' => [$fails('cURL error 6: no'), failure::unknownname],
            'too slow' => [$fails('cURL error 28: no'), failure::timeout],
            'a certificate of somebody else' => [$fails('cURL error 60: no'), failure::certificate],
            'another' => [$fails('cURL error 56: no'), failure::network],
            'a web page' => [[new Response(200, [], '<html>')], failure::version],
            'no such route' => [[new Response(404)], failure::version],
            'a redirect to a login' => [[new Response(302, ['Location' => '/login'])], failure::version],
            'an older server' => [[new Response(200, [], '{"name": "learner-risk", "outputs": [{"name": "risk"}]}')], failure::version],
            'a wrong token' => [[$good, new Response(401, [], '{"error": "no valid token"}')], failure::token],
            'a server that does not know the form' => [[$good, new Response(400, [], '{"error": "course_id: ?"}')], failure::version],
            'a busy server' => [[$good, new Response(429)], failure::busy],
            'a broken server' => [[$good, new Response(500)], failure::server],
            'all is well' => [[$good], null],
        ];
    }

    /**
     * What an answer means.
     *
     * @dataProvider answers
     * @param array $first
     * @param failure|null $expected
     */
    public function test_answers(array $first, ?failure $expected): void {
        [$failure, $values] = $this->probe('https://a.example', $first);
        $this->assertSame($expected, $failure);
        if ($expected === null) {
            $this->assertSame('v1', $values['version']);
            $this->assertSame([], $this->requests[1]['body']['instances'][0]['enrolments']['learner_id'], 'of nobody');
        }
        foreach ($values as $value) {
            $this->assertStringNotContainsString('a-token', (string) $value);
        }
    }

    public function test_each_failure_has_words(): void {
        foreach (failure::cases() as $failure) {
            $this->assertTrue(get_string_manager()->string_exists("failure_$failure->value", 'local_earlybell'), $failure->value);
        }
    }

    public function test_moodles_own_client_is_used_and_blocks(): void {
        set_config('curlsecurityblockedhosts', '127.0.0.0/8');
        set_config('endpoint', 'http://127.0.0.1:1', 'local_earlybell');
        try {
            local\config::client()->metadata();
            $this->fail('it was not blocked');
        } catch (local\service_exception $exception) {
            $this->assertSame(failure::blockedhost, $exception->failure);
        }
        $this->assertDebuggingCalled();
    }

    public function test_secrets_are_stored_encrypted_or_forced_in_config(): void {
        set_config('token', \core\encryption::encrypt('secret'), 'local_earlybell');
        $this->assertStringNotContainsString('secret', get_config('local_earlybell', 'token'));
        $this->assertSame('secret', local\config::secret('token'));
        set_config('token', 'plain', 'local_earlybell');
        $this->assertSame('plain', local\config::secret('token'));
    }

    public function test_pseudonyms_are_those_of_the_vectors(): void {
        $vectors = json_decode(file_get_contents(__DIR__ . '/fixtures/pseudonyms.json'), true);
        foreach ($vectors['vectors'] as $vector) {
            $this->assertSame($vector['pseudonym'], (new local\pseudonym($vector['key']))->of($vector['learner_id']));
        }
        foreach ($vectors['fingerprints'] as $vector) {
            $this->assertSame($vector['fingerprint'], (new local\pseudonym($vector['key']))->fingerprint());
        }
        $this->expectException(\InvalidArgumentException::class);
        new local\pseudonym('123456789012345');
    }
}
