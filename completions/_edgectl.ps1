
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'edgectl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'edgectl'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'edgectl' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Start a solution, add a module to it, or a pipeline')
            [CompletionResult]::new('build', 'build', [CompletionResultType]::ParameterValue, 'Build the images of modules')
            [CompletionResult]::new('push', 'push', [CompletionResultType]::ParameterValue, 'Push the images of modules')
            [CompletionResult]::new('deploy', 'deploy', [CompletionResultType]::ParameterValue, 'Write the deployment manifest of the solution')
            [CompletionResult]::new('deployment', 'deployment', [CompletionResultType]::ParameterValue, 'List, show and delete the deployments of an IoT Hub')
            [CompletionResult]::new('simulate', 'simulate', [CompletionResultType]::ParameterValue, 'Run the solution on a simulated edge device')
            [CompletionResult]::new('ps', 'ps', [CompletionResultType]::ParameterValue, 'List the modules of the running simulation')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show what the modules of the running simulation printed')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Restart a module of the running simulation')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop the running simulation')
            [CompletionResult]::new('twin', 'twin', [CompletionResultType]::ParameterValue, 'Show or change a twin')
            [CompletionResult]::new('call', 'call', [CompletionResultType]::ParameterValue, 'Call a direct method of a module or device')
            [CompletionResult]::new('send', 'send', [CompletionResultType]::ParameterValue, 'Send a message to a module or device, or as if a module had sent it')
            [CompletionResult]::new('monitor', 'monitor', [CompletionResultType]::ParameterValue, 'Watch messages of the running simulation')
            [CompletionResult]::new('upstream', 'upstream', [CompletionResultType]::ParameterValue, 'Cut, slow down or restore the link to the simulated cloud')
            [CompletionResult]::new('device', 'device', [CompletionResultType]::ParameterValue, 'Register child devices, disable and remove them')
            [CompletionResult]::new('credentials', 'credentials', [CompletionResultType]::ParameterValue, 'Print the environment to run a module or device outside edgectl')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look at the engine, the ports and the solution')
            [CompletionResult]::new('clean', 'clean', [CompletionResultType]::ParameterValue, 'Remove what simulations and builds of this solution left')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'edgectl;new' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('solution', 'solution', [CompletionResultType]::ParameterValue, 'Start a solution in a new folder')
            [CompletionResult]::new('module', 'module', [CompletionResultType]::ParameterValue, 'Add a module to the solution')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the templates of modules')
            [CompletionResult]::new('ci', 'ci', [CompletionResultType]::ParameterValue, 'Write a pipeline that checks, builds, tests and releases the solution')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'edgectl;new;solution' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the deployment template: `json` or `yaml` [default: json]')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Registry of the images, such as `example.azurecr.io` [default: `localhost:5000`]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;new;module' {
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Template to begin from, one of `edgectl new list`')
            [CompletionResult]::new('--template', '--template', [CompletionResultType]::ParameterName, 'Template to begin from, one of `edgectl new list`')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Template of your own: a folder with `template.yaml` and `files/`, or a git repository')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Value of a parameter of the template (can be repeated)')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'Existing image, taken as it is: no source is made')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be made, and write nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;new;list' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'edgectl;new;ci' {
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Value of a parameter: `branch`, `platforms`, `repository` or `tag` (can be repeated)')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be made, and write nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;new;help' {
            [CompletionResult]::new('solution', 'solution', [CompletionResultType]::ParameterValue, 'Start a solution in a new folder')
            [CompletionResult]::new('module', 'module', [CompletionResultType]::ParameterValue, 'Add a module to the solution')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the templates of modules')
            [CompletionResult]::new('ci', 'ci', [CompletionResultType]::ParameterValue, 'Write a pipeline that checks, builds, tests and releases the solution')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'edgectl;new;help;solution' {
            break
        }
        'edgectl;new;help;module' {
            break
        }
        'edgectl;new;help;list' {
            break
        }
        'edgectl;new;help;ci' {
            break
        }
        'edgectl;new;help;help' {
            break
        }
        'edgectl;build' {
            [CompletionResult]::new('-P', '-P ', [CompletionResultType]::ParameterName, 'Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Deployment template or manifest that names the modules [default: the solution''s template]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Deployment template or manifest that names the modules [default: the solution''s template]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Variable of the template (can be repeated)')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Images at a time [default: one for each core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Images at a time [default: one for each core]')
            [CompletionResult]::new('--build-arg', '--build-arg', [CompletionResultType]::ParameterName, 'Build argument; without `=VALUE` from the environment (can be repeated)')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'Secret for `RUN --mount=type=secret`: `id=NAME,src=PATH` or `id=NAME,env=VARIABLE` (can be repeated)')
            [CompletionResult]::new('--ssh', '--ssh', [CompletionResultType]::ParameterName, 'SSH agent for `RUN --mount=type=ssh`: `default`, or `ID=SOCKET` (can be repeated)')
            [CompletionResult]::new('--builder', '--builder', [CompletionResultType]::ParameterName, 'Builder: `auto`, `buildkit` or `classic` [default: auto, or as `DOCKER_BUILDKIT` says]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'The images with a debugger, of `<platform>.debug` in `module.json`, where a module has one')
            [CompletionResult]::new('--manifest-list', '--manifest-list', [CompletionResultType]::ParameterName, 'With a push: also one name without platform for the images of all platforms, for `deploy --platform multi`')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Cancel the others when one fails [default: they finish]')
            [CompletionResult]::new('--push', '--push', [CompletionResultType]::ParameterName, 'Push each image that was built')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Run every step, whatever earlier builds left')
            [CompletionResult]::new('--pull', '--pull', [CompletionResultType]::ParameterName, 'Look for newer base images in their registries')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;push' {
            [CompletionResult]::new('-P', '-P ', [CompletionResultType]::ParameterName, 'Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Deployment template or manifest that names the modules [default: the solution''s template]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Deployment template or manifest that names the modules [default: the solution''s template]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Variable of the template (can be repeated)')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Images at a time [default: one for each core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Images at a time [default: one for each core]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'The images with a debugger, of `<platform>.debug` in `module.json`, where a module has one')
            [CompletionResult]::new('--manifest-list', '--manifest-list', [CompletionResultType]::ParameterName, 'With a push: also one name without platform for the images of all platforms, for `deploy --platform multi`')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Cancel the others when one fails [default: they finish]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;deploy' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Deployment template or finished manifest [default: the solution''s template]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Deployment template or finished manifest [default: the solution''s template]')
            [CompletionResult]::new('-P', '-P ', [CompletionResultType]::ParameterName, 'Platform of images that name none [default: `DEFAULT_PLATFORM`, or amd64]')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'Platform of images that name none [default: `DEFAULT_PLATFORM`, or amd64]')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'File to write, `-` for standard output [default: `config/deployment.<PLATFORM>.json`]')
            [CompletionResult]::new('--allow', '--allow', [CompletionResultType]::ParameterName, 'Kind of warning to leave out, such as `image-tag` (can be repeated)')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Module to make a layer of, with its routes and its twin (can be repeated)')
            [CompletionResult]::new('--merge', '--merge', [CompletionResultType]::ParameterName, 'Compose a deployment and its layers as IoT Hub does, the highest priority last')
            [CompletionResult]::new('--diff', '--diff', [CompletionResultType]::ParameterName, 'Tell what differs in meaning from a template or manifest: exit code 0 if nothing, else 1')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Variable of the template (can be repeated)')
            [CompletionResult]::new('--hub', '--hub', [CompletionResultType]::ParameterName, 'IoT Hub [default: that of the connection string], or `simulation` for the running one')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Device to deploy to [default: in the simulation the main one]')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Device to deploy to [default: in the simulation the main one]')
            [CompletionResult]::new('--target-condition', '--target-condition', [CompletionResultType]::ParameterName, 'Devices to deploy to: a condition on their twins such as `tags.site=''hall1''`, or `*`')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'Name of the deployment; one that exists gets the new condition, priority, labels and metrics')
            [CompletionResult]::new('--priority', '--priority', [CompletionResultType]::ParameterName, 'Its priority: of several deployments for a device the highest wins')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'Label of the deployment (can be repeated)')
            [CompletionResult]::new('--metric', '--metric', [CompletionResultType]::ParameterName, 'Query that counts devices, under a name (can be repeated)')
            [CompletionResult]::new('--hub-connection-string', '--hub-connection-string', [CompletionResultType]::ParameterName, 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long the hub may take to answer [default: 60s]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Only check, and write nothing')
            [CompletionResult]::new('--deny-warnings', '--deny-warnings', [CompletionResultType]::ParameterName, 'Refuse warnings, too')
            [CompletionResult]::new('--apply', '--apply', [CompletionResultType]::ParameterName, 'Deploy it instead of writing it')
            [CompletionResult]::new('--layered', '--layered', [CompletionResultType]::ParameterName, 'It is a layer over other deployments: keys such as `properties.desired.modules.NAME`')
            [CompletionResult]::new('--with-secrets', '--with-secrets', [CompletionResultType]::ParameterName, 'Write passwords of registries, too, into a file that only you may read')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Take out whatever looks like a secret, in environments and twins of modules, too')
            [CompletionResult]::new('--no-chunks', '--no-chunks', [CompletionResultType]::ParameterName, 'Write createOptions in one piece, as IoT Central wants them; at most 4096 bytes fit')
            [CompletionResult]::new('--pin', '--pin', [CompletionResultType]::ParameterName, 'Name every image by its digest: those of the solution by `images.lock`, others by their registries')
            [CompletionResult]::new('--refresh', '--refresh', [CompletionResultType]::ParameterName, 'Ask the registries for the digests of the solution''s own images, too')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;deployment' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the deployments, the highest priority first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a deployment: what the hub keeps of it, as JSON')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete a deployment, if nobody changes it meanwhile')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'edgectl;deployment;list' {
            [CompletionResult]::new('--hub', '--hub', [CompletionResultType]::ParameterName, 'IoT Hub [default: that of the connection string]')
            [CompletionResult]::new('--hub-connection-string', '--hub-connection-string', [CompletionResultType]::ParameterName, 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long the hub may take to answer [default: 60s]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;deployment;show' {
            [CompletionResult]::new('--hub', '--hub', [CompletionResultType]::ParameterName, 'IoT Hub [default: that of the connection string]')
            [CompletionResult]::new('--hub-connection-string', '--hub-connection-string', [CompletionResultType]::ParameterName, 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long the hub may take to answer [default: 60s]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--with-secrets', '--with-secrets', [CompletionResultType]::ParameterName, 'Show passwords of registries, too')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;deployment;delete' {
            [CompletionResult]::new('--hub', '--hub', [CompletionResultType]::ParameterName, 'IoT Hub [default: that of the connection string]')
            [CompletionResult]::new('--hub-connection-string', '--hub-connection-string', [CompletionResultType]::ParameterName, 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long the hub may take to answer [default: 60s]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;deployment;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the deployments, the highest priority first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a deployment: what the hub keeps of it, as JSON')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete a deployment, if nobody changes it meanwhile')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'edgectl;deployment;help;list' {
            break
        }
        'edgectl;deployment;help;show' {
            break
        }
        'edgectl;deployment;help;delete' {
            break
        }
        'edgectl;deployment;help;help' {
            break
        }
        'edgectl;simulate' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Deployment template or finished manifest [default: the solution''s template]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Deployment template or finished manifest [default: the solution''s template]')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'How modules run: `auto`, `docker` or `process`; for one module `MODULE=…` (can be repeated)')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Id of the device [default: `EDGE_DEVICE_ID`, or the folder''s name]; `ID=FILE` adds a device (can be repeated)')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Id of the device [default: `EDGE_DEVICE_ID`, or the folder''s name]; `ID=FILE` adds a device (can be repeated)')
            [CompletionResult]::new('-P', '-P ', [CompletionResultType]::ParameterName, 'Platform of the images [default: `DEFAULT_PLATFORM`, or the engine''s own]')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'Platform of the images [default: `DEFAULT_PLATFORM`, or the engine''s own]')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Variable of the template (can be repeated)')
            [CompletionResult]::new('--address', '--address', [CompletionResultType]::ParameterName, 'Address to listen on, `auto` for the first free loopback one [default: 127.0.0.1]')
            [CompletionResult]::new('--metrics-port', '--metrics-port', [CompletionResultType]::ParameterName, 'Port of the metrics of hub and agent, or `off` [default: 9600]')
            [CompletionResult]::new('--workload', '--workload', [CompletionResultType]::ParameterName, 'How containers reach the workload API: `auto`, `socket` or `http` [default: auto]')
            [CompletionResult]::new('--debug', '--debug', [CompletionResultType]::ParameterName, 'Run this module''s image with its debugger (can be repeated)')
            [CompletionResult]::new('--external', '--external', [CompletionResultType]::ParameterName, 'Leave the start of this module to you, with `edgectl credentials` (can be repeated)')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Run only this module (can be repeated)')
            [CompletionResult]::new('--without', '--without', [CompletionResultType]::ParameterName, 'Leave this module out (can be repeated)')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'With `--detach`: return when every module is `connected`')
            [CompletionResult]::new('--max-clients', '--max-clients', [CompletionResultType]::ParameterName, 'Refuse further clients while so many are connected [default: no limit]')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'End after this time, such as `10s`, `5m` or `1h`')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'End with exit code 4 on a module''s first `exit` or `backoff`')
            [CompletionResult]::new('--input-port', '--input-port', [CompletionResultType]::ParameterName, 'Take messages for the one `--external` module at this port [53000]')
            [CompletionResult]::new('--time-scale', '--time-scale', [CompletionResultType]::ParameterName, 'Divide the agent''s pauses by this number, for tests')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Link to the cloud at the start: `online` or `offline`, as `edgectl upstream` changes it')
            [CompletionResult]::new('--max-storage', '--max-storage', [CompletionResultType]::ParameterName, 'Refuse messages while those that wait take this much, such as `500MB` [default: the manifest''s limit, or none]')
            [CompletionResult]::new('--durability', '--durability', [CompletionResultType]::ParameterName, 'What an acknowledged message survives: the end of this `process`, or with `fsync` that of the machine')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--no-build', '--no-build', [CompletionResultType]::ParameterName, 'Build no image; one that is missing is an error, one that is out of date a warning')
            [CompletionResult]::new('--no-setup', '--no-setup', [CompletionResultType]::ParameterName, 'Skip the setup commands of processes (pip, npm, cargo)')
            [CompletionResult]::new('--detach', '--detach', [CompletionResultType]::ParameterName, 'Run in the background, and return when every module is started')
            [CompletionResult]::new('--reset', '--reset', [CompletionResultType]::ParameterName, 'Forget the keys, twins and messages of earlier runs first')
            [CompletionResult]::new('--ephemeral', '--ephemeral', [CompletionResultType]::ParameterName, 'Keep nothing of this run')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Run the solution inside this program: a sensor, a filter and a route upstream')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;ps' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;logs' {
            [CompletionResult]::new('--tail', '--tail', [CompletionResultType]::ParameterName, 'Only the last N lines of each module')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only what is not older than this, such as `30s` or `5m`')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Wait for new lines and show them')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Wait for new lines and show them')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;restart' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--build', '--build', [CompletionResultType]::ParameterName, 'Build its image, or run its setup, first')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;stop' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;twin' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a twin')
            [CompletionResult]::new('patch', 'patch', [CompletionResultType]::ParameterValue, 'Merge desired properties; `null` removes one')
            [CompletionResult]::new('replace', 'replace', [CompletionResultType]::ParameterValue, 'Replace all desired properties')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'edgectl;twin;show' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'edgectl;twin;patch' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--document', '--document', [CompletionResultType]::ParameterName, 'Take the form of the service: `{"properties":{"desired":{…}},"tags":{…}}`, or all that `twin show` prints')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;twin;replace' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--document', '--document', [CompletionResultType]::ParameterName, 'Take the form of the service: `{"properties":{"desired":{…}},"tags":{…}}`, or all that `twin show` prints')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'edgectl;twin;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a twin')
            [CompletionResult]::new('patch', 'patch', [CompletionResultType]::ParameterValue, 'Merge desired properties; `null` removes one')
            [CompletionResult]::new('replace', 'replace', [CompletionResultType]::ParameterValue, 'Replace all desired properties')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'edgectl;twin;help;show' {
            break
        }
        'edgectl;twin;help;patch' {
            break
        }
        'edgectl;twin;help;replace' {
            break
        }
        'edgectl;twin;help;help' {
            break
        }
        'edgectl;call' {
            [CompletionResult]::new('--payload', '--payload', [CompletionResultType]::ParameterName, 'Payload: JSON, `@FILE`, or `-` for standard input [default: null]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Time to wait for the answer')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time to wait until the target is connected')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;send' {
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Body of the message [default: empty]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'File with the body, or `-` for standard input')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'File with the body, or `-` for standard input')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Application property (can be repeated)')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Application property (can be repeated)')
            [CompletionResult]::new('--content-type', '--content-type', [CompletionResultType]::ParameterName, 'Content type [default: `application/json` if the body is JSON]')
            [CompletionResult]::new('--content-encoding', '--content-encoding', [CompletionResultType]::ParameterName, 'Content encoding [default: `utf-8` if the body is JSON]')
            [CompletionResult]::new('--message-id', '--message-id', [CompletionResultType]::ParameterName, 'Message id [default: none, or a new one with `--ack`]')
            [CompletionResult]::new('--ack', '--ack', [CompletionResultType]::ParameterName, 'Of which ends of a message to a device there is feedback: `none`, `positive`, `negative` or `full`')
            [CompletionResult]::new('--expires-in', '--expires-in', [CompletionResultType]::ParameterName, 'How long a message to a device lives, up to 2d [default: 1h]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;monitor' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Only from this `[DEVICE/]MODULE`, `[DEVICE/]MODULE/outputs/OUTPUT` or `devices/DEVICE`')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Only to `upstream` or `[DEVICE/]MODULE/inputs/INPUT`')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Begin with what came since the `start`, or since a duration such as `5m`; 1,000 at most')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'End after this many messages')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'End after this time; with fewer messages than `--count` the exit code is 1')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--feedback', '--feedback', [CompletionResultType]::ParameterName, 'What became of messages to devices, instead of messages')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;upstream' {
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Bring the cut link back after this time')
            [CompletionResult]::new('--latency', '--latency', [CompletionResultType]::ParameterName, 'Time that everything takes, each way, up to 9s')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Edge device whose link it is [default: the main one]')
            [CompletionResult]::new('--device', '--device', [CompletionResultType]::ParameterName, 'Edge device whose link it is [default: the main one]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;device' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Register a child device')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the child devices')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Let a child device connect no more')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Let a child device connect again')
            [CompletionResult]::new('purge', 'purge', [CompletionResultType]::ParameterValue, 'Remove the cloud-to-device messages that wait for a child device')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a child device')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'edgectl;device;add' {
            [CompletionResult]::new('--parent', '--parent', [CompletionResultType]::ParameterName, 'Edge device that it connects through [default: the simulated one]')
            [CompletionResult]::new('--auth', '--auth', [CompletionResultType]::ParameterName, 'Proof of who it is: `sas` or `x509` [default: sas, or x509 with `--thumbprint`]')
            [CompletionResult]::new('--thumbprint', '--thumbprint', [CompletionResultType]::ParameterName, 'SHA-1 or SHA-256 of its certificate (can be repeated once: a second one serves to change certificates)')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--edge', '--edge', [CompletionResultType]::ParameterName, 'An edge device, whose own IoT Edge runs elsewhere: with a scope and children of its own')
            [CompletionResult]::new('--disabled', '--disabled', [CompletionResultType]::ParameterName, 'Refuse the device whatever it shows')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;device;list' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;device;disable' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;device;enable' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;device;purge' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;device;remove' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;device;help' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Register a child device')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the child devices')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Let a child device connect no more')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Let a child device connect again')
            [CompletionResult]::new('purge', 'purge', [CompletionResultType]::ParameterValue, 'Remove the cloud-to-device messages that wait for a child device')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a child device')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'edgectl;device;help;add' {
            break
        }
        'edgectl;device;help;list' {
            break
        }
        'edgectl;device;help;disable' {
            break
        }
        'edgectl;device;help;enable' {
            break
        }
        'edgectl;device;help;purge' {
            break
        }
        'edgectl;device;help;remove' {
            break
        }
        'edgectl;device;help;help' {
            break
        }
        'edgectl;credentials' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format: `env`, `json` or `connection-string`')
            [CompletionResult]::new('--auth', '--auth', [CompletionResultType]::ParameterName, 'Proof of who the module is: `workload`, `connection-string` or `both`')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;check' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;clean' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--images', '--images', [CompletionResultType]::ParameterName, 'Remove the images that `edgectl build` made, too')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Remove `.edgectl/`, too: identities, twins, waiting messages, child devices')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Remove what was made for any solution, wherever it lies; `--state` stays with this one')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only tell what would be removed')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;completions' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Folder of the solution [default: the current one]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: one document, or one record a line for a stream; errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Tell no steps and no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more (can be repeated)')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Never prompt: take the default, or yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'edgectl;help' {
            [CompletionResult]::new('new', 'new', [CompletionResultType]::ParameterValue, 'Start a solution, add a module to it, or a pipeline')
            [CompletionResult]::new('build', 'build', [CompletionResultType]::ParameterValue, 'Build the images of modules')
            [CompletionResult]::new('push', 'push', [CompletionResultType]::ParameterValue, 'Push the images of modules')
            [CompletionResult]::new('deploy', 'deploy', [CompletionResultType]::ParameterValue, 'Write the deployment manifest of the solution')
            [CompletionResult]::new('deployment', 'deployment', [CompletionResultType]::ParameterValue, 'List, show and delete the deployments of an IoT Hub')
            [CompletionResult]::new('simulate', 'simulate', [CompletionResultType]::ParameterValue, 'Run the solution on a simulated edge device')
            [CompletionResult]::new('ps', 'ps', [CompletionResultType]::ParameterValue, 'List the modules of the running simulation')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Show what the modules of the running simulation printed')
            [CompletionResult]::new('restart', 'restart', [CompletionResultType]::ParameterValue, 'Restart a module of the running simulation')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop the running simulation')
            [CompletionResult]::new('twin', 'twin', [CompletionResultType]::ParameterValue, 'Show or change a twin')
            [CompletionResult]::new('call', 'call', [CompletionResultType]::ParameterValue, 'Call a direct method of a module or device')
            [CompletionResult]::new('send', 'send', [CompletionResultType]::ParameterValue, 'Send a message to a module or device, or as if a module had sent it')
            [CompletionResult]::new('monitor', 'monitor', [CompletionResultType]::ParameterValue, 'Watch messages of the running simulation')
            [CompletionResult]::new('upstream', 'upstream', [CompletionResultType]::ParameterValue, 'Cut, slow down or restore the link to the simulated cloud')
            [CompletionResult]::new('device', 'device', [CompletionResultType]::ParameterValue, 'Register child devices, disable and remove them')
            [CompletionResult]::new('credentials', 'credentials', [CompletionResultType]::ParameterValue, 'Print the environment to run a module or device outside edgectl')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Look at the engine, the ports and the solution')
            [CompletionResult]::new('clean', 'clean', [CompletionResultType]::ParameterValue, 'Remove what simulations and builds of this solution left')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'edgectl;help;new' {
            [CompletionResult]::new('solution', 'solution', [CompletionResultType]::ParameterValue, 'Start a solution in a new folder')
            [CompletionResult]::new('module', 'module', [CompletionResultType]::ParameterValue, 'Add a module to the solution')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the templates of modules')
            [CompletionResult]::new('ci', 'ci', [CompletionResultType]::ParameterValue, 'Write a pipeline that checks, builds, tests and releases the solution')
            break
        }
        'edgectl;help;new;solution' {
            break
        }
        'edgectl;help;new;module' {
            break
        }
        'edgectl;help;new;list' {
            break
        }
        'edgectl;help;new;ci' {
            break
        }
        'edgectl;help;build' {
            break
        }
        'edgectl;help;push' {
            break
        }
        'edgectl;help;deploy' {
            break
        }
        'edgectl;help;deployment' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the deployments, the highest priority first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a deployment: what the hub keeps of it, as JSON')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete a deployment, if nobody changes it meanwhile')
            break
        }
        'edgectl;help;deployment;list' {
            break
        }
        'edgectl;help;deployment;show' {
            break
        }
        'edgectl;help;deployment;delete' {
            break
        }
        'edgectl;help;simulate' {
            break
        }
        'edgectl;help;ps' {
            break
        }
        'edgectl;help;logs' {
            break
        }
        'edgectl;help;restart' {
            break
        }
        'edgectl;help;stop' {
            break
        }
        'edgectl;help;twin' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a twin')
            [CompletionResult]::new('patch', 'patch', [CompletionResultType]::ParameterValue, 'Merge desired properties; `null` removes one')
            [CompletionResult]::new('replace', 'replace', [CompletionResultType]::ParameterValue, 'Replace all desired properties')
            break
        }
        'edgectl;help;twin;show' {
            break
        }
        'edgectl;help;twin;patch' {
            break
        }
        'edgectl;help;twin;replace' {
            break
        }
        'edgectl;help;call' {
            break
        }
        'edgectl;help;send' {
            break
        }
        'edgectl;help;monitor' {
            break
        }
        'edgectl;help;upstream' {
            break
        }
        'edgectl;help;device' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Register a child device')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the child devices')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Let a child device connect no more')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Let a child device connect again')
            [CompletionResult]::new('purge', 'purge', [CompletionResultType]::ParameterValue, 'Remove the cloud-to-device messages that wait for a child device')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a child device')
            break
        }
        'edgectl;help;device;add' {
            break
        }
        'edgectl;help;device;list' {
            break
        }
        'edgectl;help;device;disable' {
            break
        }
        'edgectl;help;device;enable' {
            break
        }
        'edgectl;help;device;purge' {
            break
        }
        'edgectl;help;device;remove' {
            break
        }
        'edgectl;help;credentials' {
            break
        }
        'edgectl;help;check' {
            break
        }
        'edgectl;help;clean' {
            break
        }
        'edgectl;help;completions' {
            break
        }
        'edgectl;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
