
use builtin;
use str;

set edit:completion:arg-completer[edgectl] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'edgectl'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'edgectl'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand new 'Start a solution, add a module to it, or a pipeline'
            cand build 'Build the images of modules'
            cand push 'Push the images of modules'
            cand deploy 'Write the deployment manifest of the solution'
            cand deployment 'List, show and delete the deployments of an IoT Hub'
            cand simulate 'Run the solution on a simulated edge device'
            cand ps 'List the modules of the running simulation'
            cand logs 'Show what the modules of the running simulation printed'
            cand restart 'Restart a module of the running simulation'
            cand stop 'Stop the running simulation'
            cand twin 'Show or change a twin'
            cand call 'Call a direct method of a module or device'
            cand send 'Send a message to a module or device, or as if a module had sent it'
            cand monitor 'Watch messages of the running simulation'
            cand upstream 'Cut, slow down or restore the link to the simulated cloud'
            cand device 'Register child devices, disable and remove them'
            cand credentials 'Print the environment to run a module or device outside edgectl'
            cand check 'Look at the engine, the ports and the solution'
            cand clean 'Remove what simulations and builds of this solution left'
            cand completions 'Print the completion script of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'edgectl;new'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help'
            cand --help 'Print help'
            cand solution 'Start a solution in a new folder'
            cand module 'Add a module to the solution'
            cand list 'List the templates of modules'
            cand ci 'Write a pipeline that checks, builds, tests and releases the solution'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'edgectl;new;solution'= {
            cand --format 'Format of the deployment template: `json` or `yaml` [default: json]'
            cand --registry 'Registry of the images, such as `example.azurecr.io` [default: `localhost:5000`]'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;new;module'= {
            cand -t 'Template to begin from, one of `edgectl new list`'
            cand --template 'Template to begin from, one of `edgectl new list`'
            cand --from 'Template of your own: a folder with `template.yaml` and `files/`, or a git repository'
            cand --set 'Value of a parameter of the template (can be repeated)'
            cand --image 'Existing image, taken as it is: no source is made'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --dry-run 'Show what would be made, and write nothing'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;new;list'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'edgectl;new;ci'= {
            cand --set 'Value of a parameter: `branch`, `platforms`, `repository` or `tag` (can be repeated)'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --dry-run 'Show what would be made, and write nothing'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;new;help'= {
            cand solution 'Start a solution in a new folder'
            cand module 'Add a module to the solution'
            cand list 'List the templates of modules'
            cand ci 'Write a pipeline that checks, builds, tests and releases the solution'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'edgectl;new;help;solution'= {
        }
        &'edgectl;new;help;module'= {
        }
        &'edgectl;new;help;list'= {
        }
        &'edgectl;new;help;ci'= {
        }
        &'edgectl;new;help;help'= {
        }
        &'edgectl;build'= {
            cand -P 'Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]'
            cand --platform 'Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]'
            cand -f 'Deployment template or manifest that names the modules [default: the solution''s template]'
            cand --file 'Deployment template or manifest that names the modules [default: the solution''s template]'
            cand --tag 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]'
            cand --set 'Variable of the template (can be repeated)'
            cand -j 'Images at a time [default: one for each core]'
            cand --jobs 'Images at a time [default: one for each core]'
            cand --build-arg 'Build argument; without `=VALUE` from the environment (can be repeated)'
            cand --secret 'Secret for `RUN --mount=type=secret`: `id=NAME,src=PATH` or `id=NAME,env=VARIABLE` (can be repeated)'
            cand --ssh 'SSH agent for `RUN --mount=type=ssh`: `default`, or `ID=SOCKET` (can be repeated)'
            cand --builder 'Builder: `auto`, `buildkit` or `classic` [default: auto, or as `DOCKER_BUILDKIT` says]'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --debug 'The images with a debugger, of `<platform>.debug` in `module.json`, where a module has one'
            cand --manifest-list 'With a push: also one name without platform for the images of all platforms, for `deploy --platform multi`'
            cand --fail-fast 'Cancel the others when one fails [default: they finish]'
            cand --push 'Push each image that was built'
            cand --no-cache 'Run every step, whatever earlier builds left'
            cand --pull 'Look for newer base images in their registries'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;push'= {
            cand -P 'Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]'
            cand --platform 'Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]'
            cand -f 'Deployment template or manifest that names the modules [default: the solution''s template]'
            cand --file 'Deployment template or manifest that names the modules [default: the solution''s template]'
            cand --tag 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]'
            cand --set 'Variable of the template (can be repeated)'
            cand -j 'Images at a time [default: one for each core]'
            cand --jobs 'Images at a time [default: one for each core]'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --debug 'The images with a debugger, of `<platform>.debug` in `module.json`, where a module has one'
            cand --manifest-list 'With a push: also one name without platform for the images of all platforms, for `deploy --platform multi`'
            cand --fail-fast 'Cancel the others when one fails [default: they finish]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;deploy'= {
            cand -f 'Deployment template or finished manifest [default: the solution''s template]'
            cand --file 'Deployment template or finished manifest [default: the solution''s template]'
            cand -P 'Platform of images that name none [default: `DEFAULT_PLATFORM`, or amd64]'
            cand --platform 'Platform of images that name none [default: `DEFAULT_PLATFORM`, or amd64]'
            cand --out 'File to write, `-` for standard output [default: `config/deployment.<PLATFORM>.json`]'
            cand --allow 'Kind of warning to leave out, such as `image-tag` (can be repeated)'
            cand --only 'Module to make a layer of, with its routes and its twin (can be repeated)'
            cand --merge 'Compose a deployment and its layers as IoT Hub does, the highest priority last'
            cand --diff 'Tell what differs in meaning from a template or manifest: exit code 0 if nothing, else 1'
            cand --tag 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]'
            cand --set 'Variable of the template (can be repeated)'
            cand --hub 'IoT Hub [default: that of the connection string], or `simulation` for the running one'
            cand -d 'Device to deploy to [default: in the simulation the main one]'
            cand --device 'Device to deploy to [default: in the simulation the main one]'
            cand --target-condition 'Devices to deploy to: a condition on their twins such as `tags.site=''hall1''`, or `*`'
            cand --id 'Name of the deployment; one that exists gets the new condition, priority, labels and metrics'
            cand --priority 'Its priority: of several deployments for a device the highest wins'
            cand --label 'Label of the deployment (can be repeated)'
            cand --metric 'Query that counts devices, under a name (can be repeated)'
            cand --hub-connection-string 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]'
            cand --timeout 'How long the hub may take to answer [default: 60s]'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --check 'Only check, and write nothing'
            cand --deny-warnings 'Refuse warnings, too'
            cand --apply 'Deploy it instead of writing it'
            cand --layered 'It is a layer over other deployments: keys such as `properties.desired.modules.NAME`'
            cand --with-secrets 'Write passwords of registries, too, into a file that only you may read'
            cand --redact 'Take out whatever looks like a secret, in environments and twins of modules, too'
            cand --no-chunks 'Write createOptions in one piece, as IoT Central wants them; at most 4096 bytes fit'
            cand --pin 'Name every image by its digest: those of the solution by `images.lock`, others by their registries'
            cand --refresh 'Ask the registries for the digests of the solution''s own images, too'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;deployment'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand list 'List the deployments, the highest priority first'
            cand show 'Show a deployment: what the hub keeps of it, as JSON'
            cand delete 'Delete a deployment, if nobody changes it meanwhile'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'edgectl;deployment;list'= {
            cand --hub 'IoT Hub [default: that of the connection string]'
            cand --hub-connection-string 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]'
            cand --timeout 'How long the hub may take to answer [default: 60s]'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;deployment;show'= {
            cand --hub 'IoT Hub [default: that of the connection string]'
            cand --hub-connection-string 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]'
            cand --timeout 'How long the hub may take to answer [default: 60s]'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --with-secrets 'Show passwords of registries, too'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;deployment;delete'= {
            cand --hub 'IoT Hub [default: that of the connection string]'
            cand --hub-connection-string 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]'
            cand --timeout 'How long the hub may take to answer [default: 60s]'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;deployment;help'= {
            cand list 'List the deployments, the highest priority first'
            cand show 'Show a deployment: what the hub keeps of it, as JSON'
            cand delete 'Delete a deployment, if nobody changes it meanwhile'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'edgectl;deployment;help;list'= {
        }
        &'edgectl;deployment;help;show'= {
        }
        &'edgectl;deployment;help;delete'= {
        }
        &'edgectl;deployment;help;help'= {
        }
        &'edgectl;simulate'= {
            cand -f 'Deployment template or finished manifest [default: the solution''s template]'
            cand --file 'Deployment template or finished manifest [default: the solution''s template]'
            cand --runtime 'How modules run: `auto`, `docker` or `process`; for one module `MODULE=…` (can be repeated)'
            cand -d 'Id of the device [default: `EDGE_DEVICE_ID`, or the folder''s name]; `ID=FILE` adds a device (can be repeated)'
            cand --device 'Id of the device [default: `EDGE_DEVICE_ID`, or the folder''s name]; `ID=FILE` adds a device (can be repeated)'
            cand -P 'Platform of the images [default: `DEFAULT_PLATFORM`, or the engine''s own]'
            cand --platform 'Platform of the images [default: `DEFAULT_PLATFORM`, or the engine''s own]'
            cand --tag 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]'
            cand --set 'Variable of the template (can be repeated)'
            cand --address 'Address to listen on, `auto` for the first free loopback one [default: 127.0.0.1]'
            cand --metrics-port 'Port of the metrics of hub and agent, or `off` [default: 9600]'
            cand --workload 'How containers reach the workload API: `auto`, `socket` or `http` [default: auto]'
            cand --debug 'Run this module''s image with its debugger (can be repeated)'
            cand --external 'Leave the start of this module to you, with `edgectl credentials` (can be repeated)'
            cand --only 'Run only this module (can be repeated)'
            cand --without 'Leave this module out (can be repeated)'
            cand --wait 'With `--detach`: return when every module is `connected`'
            cand --max-clients 'Refuse further clients while so many are connected [default: no limit]'
            cand --duration 'End after this time, such as `10s`, `5m` or `1h`'
            cand --fail-on 'End with exit code 4 on a module''s first `exit` or `backoff`'
            cand --input-port 'Take messages for the one `--external` module at this port [53000]'
            cand --time-scale 'Divide the agent''s pauses by this number, for tests'
            cand --upstream 'Link to the cloud at the start: `online` or `offline`, as `edgectl upstream` changes it'
            cand --max-storage 'Refuse messages while those that wait take this much, such as `500MB` [default: the manifest''s limit, or none]'
            cand --durability 'What an acknowledged message survives: the end of this `process`, or with `fsync` that of the machine'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --no-build 'Build no image; one that is missing is an error, one that is out of date a warning'
            cand --no-setup 'Skip the setup commands of processes (pip, npm, cargo)'
            cand --detach 'Run in the background, and return when every module is started'
            cand --reset 'Forget the keys, twins and messages of earlier runs first'
            cand --ephemeral 'Keep nothing of this run'
            cand --demo 'Run the solution inside this program: a sensor, a filter and a route upstream'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;ps'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;logs'= {
            cand --tail 'Only the last N lines of each module'
            cand --since 'Only what is not older than this, such as `30s` or `5m`'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand -f 'Wait for new lines and show them'
            cand --follow 'Wait for new lines and show them'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;restart'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --build 'Build its image, or run its setup, first'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;stop'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;twin'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand show 'Show a twin'
            cand patch 'Merge desired properties; `null` removes one'
            cand replace 'Replace all desired properties'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'edgectl;twin;show'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'edgectl;twin;patch'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --document 'Take the form of the service: `{"properties":{"desired":{…}},"tags":{…}}`, or all that `twin show` prints'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;twin;replace'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --document 'Take the form of the service: `{"properties":{"desired":{…}},"tags":{…}}`, or all that `twin show` prints'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'edgectl;twin;help'= {
            cand show 'Show a twin'
            cand patch 'Merge desired properties; `null` removes one'
            cand replace 'Replace all desired properties'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'edgectl;twin;help;show'= {
        }
        &'edgectl;twin;help;patch'= {
        }
        &'edgectl;twin;help;replace'= {
        }
        &'edgectl;twin;help;help'= {
        }
        &'edgectl;call'= {
            cand --payload 'Payload: JSON, `@FILE`, or `-` for standard input [default: null]'
            cand --timeout 'Time to wait for the answer'
            cand --connect-timeout 'Time to wait until the target is connected'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;send'= {
            cand --data 'Body of the message [default: empty]'
            cand -f 'File with the body, or `-` for standard input'
            cand --file 'File with the body, or `-` for standard input'
            cand -p 'Application property (can be repeated)'
            cand --property 'Application property (can be repeated)'
            cand --content-type 'Content type [default: `application/json` if the body is JSON]'
            cand --content-encoding 'Content encoding [default: `utf-8` if the body is JSON]'
            cand --message-id 'Message id [default: none, or a new one with `--ack`]'
            cand --ack 'Of which ends of a message to a device there is feedback: `none`, `positive`, `negative` or `full`'
            cand --expires-in 'How long a message to a device lives, up to 2d [default: 1h]'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;monitor'= {
            cand --from 'Only from this `[DEVICE/]MODULE`, `[DEVICE/]MODULE/outputs/OUTPUT` or `devices/DEVICE`'
            cand --to 'Only to `upstream` or `[DEVICE/]MODULE/inputs/INPUT`'
            cand --since 'Begin with what came since the `start`, or since a duration such as `5m`; 1,000 at most'
            cand --count 'End after this many messages'
            cand --timeout 'End after this time; with fewer messages than `--count` the exit code is 1'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --feedback 'What became of messages to devices, instead of messages'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;upstream'= {
            cand --for 'Bring the cut link back after this time'
            cand --latency 'Time that everything takes, each way, up to 9s'
            cand -d 'Edge device whose link it is [default: the main one]'
            cand --device 'Edge device whose link it is [default: the main one]'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;device'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand add 'Register a child device'
            cand list 'List the child devices'
            cand disable 'Let a child device connect no more'
            cand enable 'Let a child device connect again'
            cand purge 'Remove the cloud-to-device messages that wait for a child device'
            cand remove 'Remove a child device'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'edgectl;device;add'= {
            cand --parent 'Edge device that it connects through [default: the simulated one]'
            cand --auth 'Proof of who it is: `sas` or `x509` [default: sas, or x509 with `--thumbprint`]'
            cand --thumbprint 'SHA-1 or SHA-256 of its certificate (can be repeated once: a second one serves to change certificates)'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --edge 'An edge device, whose own IoT Edge runs elsewhere: with a scope and children of its own'
            cand --disabled 'Refuse the device whatever it shows'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;device;list'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;device;disable'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;device;enable'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;device;purge'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;device;remove'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;device;help'= {
            cand add 'Register a child device'
            cand list 'List the child devices'
            cand disable 'Let a child device connect no more'
            cand enable 'Let a child device connect again'
            cand purge 'Remove the cloud-to-device messages that wait for a child device'
            cand remove 'Remove a child device'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'edgectl;device;help;add'= {
        }
        &'edgectl;device;help;list'= {
        }
        &'edgectl;device;help;disable'= {
        }
        &'edgectl;device;help;enable'= {
        }
        &'edgectl;device;help;purge'= {
        }
        &'edgectl;device;help;remove'= {
        }
        &'edgectl;device;help;help'= {
        }
        &'edgectl;credentials'= {
            cand --format 'Format: `env`, `json` or `connection-string`'
            cand --auth 'Proof of who the module is: `workload`, `connection-string` or `both`'
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;check'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;clean'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --images 'Remove the images that `edgectl build` made, too'
            cand --state 'Remove `.edgectl/`, too: identities, twins, waiting messages, child devices'
            cand --all 'Remove what was made for any solution, wherever it lies; `--state` stays with this one'
            cand --dry-run 'Only tell what would be removed'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;completions'= {
            cand -C 'Folder of the solution [default: the current one]'
            cand --project 'Folder of the solution [default: the current one]'
            cand --color 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]'
            cand --json 'Print JSON: one document, or one record a line for a stream; errors too'
            cand -q 'Tell no steps and no hints'
            cand --quiet 'Tell no steps and no hints'
            cand -v 'Tell more (can be repeated)'
            cand --verbose 'Tell more (can be repeated)'
            cand -y 'Never prompt: take the default, or yes'
            cand --yes 'Never prompt: take the default, or yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'edgectl;help'= {
            cand new 'Start a solution, add a module to it, or a pipeline'
            cand build 'Build the images of modules'
            cand push 'Push the images of modules'
            cand deploy 'Write the deployment manifest of the solution'
            cand deployment 'List, show and delete the deployments of an IoT Hub'
            cand simulate 'Run the solution on a simulated edge device'
            cand ps 'List the modules of the running simulation'
            cand logs 'Show what the modules of the running simulation printed'
            cand restart 'Restart a module of the running simulation'
            cand stop 'Stop the running simulation'
            cand twin 'Show or change a twin'
            cand call 'Call a direct method of a module or device'
            cand send 'Send a message to a module or device, or as if a module had sent it'
            cand monitor 'Watch messages of the running simulation'
            cand upstream 'Cut, slow down or restore the link to the simulated cloud'
            cand device 'Register child devices, disable and remove them'
            cand credentials 'Print the environment to run a module or device outside edgectl'
            cand check 'Look at the engine, the ports and the solution'
            cand clean 'Remove what simulations and builds of this solution left'
            cand completions 'Print the completion script of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'edgectl;help;new'= {
            cand solution 'Start a solution in a new folder'
            cand module 'Add a module to the solution'
            cand list 'List the templates of modules'
            cand ci 'Write a pipeline that checks, builds, tests and releases the solution'
        }
        &'edgectl;help;new;solution'= {
        }
        &'edgectl;help;new;module'= {
        }
        &'edgectl;help;new;list'= {
        }
        &'edgectl;help;new;ci'= {
        }
        &'edgectl;help;build'= {
        }
        &'edgectl;help;push'= {
        }
        &'edgectl;help;deploy'= {
        }
        &'edgectl;help;deployment'= {
            cand list 'List the deployments, the highest priority first'
            cand show 'Show a deployment: what the hub keeps of it, as JSON'
            cand delete 'Delete a deployment, if nobody changes it meanwhile'
        }
        &'edgectl;help;deployment;list'= {
        }
        &'edgectl;help;deployment;show'= {
        }
        &'edgectl;help;deployment;delete'= {
        }
        &'edgectl;help;simulate'= {
        }
        &'edgectl;help;ps'= {
        }
        &'edgectl;help;logs'= {
        }
        &'edgectl;help;restart'= {
        }
        &'edgectl;help;stop'= {
        }
        &'edgectl;help;twin'= {
            cand show 'Show a twin'
            cand patch 'Merge desired properties; `null` removes one'
            cand replace 'Replace all desired properties'
        }
        &'edgectl;help;twin;show'= {
        }
        &'edgectl;help;twin;patch'= {
        }
        &'edgectl;help;twin;replace'= {
        }
        &'edgectl;help;call'= {
        }
        &'edgectl;help;send'= {
        }
        &'edgectl;help;monitor'= {
        }
        &'edgectl;help;upstream'= {
        }
        &'edgectl;help;device'= {
            cand add 'Register a child device'
            cand list 'List the child devices'
            cand disable 'Let a child device connect no more'
            cand enable 'Let a child device connect again'
            cand purge 'Remove the cloud-to-device messages that wait for a child device'
            cand remove 'Remove a child device'
        }
        &'edgectl;help;device;add'= {
        }
        &'edgectl;help;device;list'= {
        }
        &'edgectl;help;device;disable'= {
        }
        &'edgectl;help;device;enable'= {
        }
        &'edgectl;help;device;purge'= {
        }
        &'edgectl;help;device;remove'= {
        }
        &'edgectl;help;credentials'= {
        }
        &'edgectl;help;check'= {
        }
        &'edgectl;help;clean'= {
        }
        &'edgectl;help;completions'= {
        }
        &'edgectl;help;help'= {
        }
    ]
    $completions[$command]
}
