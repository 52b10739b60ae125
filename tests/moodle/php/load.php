<?php
// The plugin's classes that need no Moodle, and the few of Moodle's constants that they use.
declare(strict_types=1);

spl_autoload_register(function (string $class): void {
    $path = __DIR__ . '/../../../moodle/local_earlybell/classes/' . str_replace('\\', '/', substr($class, strlen('local_earlybell\\'))) . '.php';
    if (str_starts_with($class, 'local_earlybell\\') && is_file($path)) {
        require($path);
    }
});
