# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_edgectl_global_optspecs
    string join \n C/project= json q/quiet v/verbose color= y/yes h/help V/version
end

function __fish_edgectl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_edgectl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_edgectl_using_subcommand
    set -l cmd (__fish_edgectl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c edgectl -n "__fish_edgectl_needs_command" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_needs_command" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_needs_command" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_needs_command" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_needs_command" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_needs_command" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_needs_command" -s h -l help -d 'Print help'
complete -c edgectl -n "__fish_edgectl_needs_command" -s V -l version -d 'Print version'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "new" -d 'Start a solution, add a module to it, or a pipeline'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "build" -d 'Build the images of modules'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "push" -d 'Push the images of modules'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "deploy" -d 'Write the deployment manifest of the solution'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "deployment" -d 'List, show and delete the deployments of an IoT Hub'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "simulate" -d 'Run the solution on a simulated edge device'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "ps" -d 'List the modules of the running simulation'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "logs" -d 'Show what the modules of the running simulation printed'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "restart" -d 'Restart a module of the running simulation'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "stop" -d 'Stop the running simulation'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "twin" -d 'Show or change a twin'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "call" -d 'Call a direct method of a module or device'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "send" -d 'Send a message to a module or device, or as if a module had sent it'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "monitor" -d 'Watch messages of the running simulation'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "upstream" -d 'Cut, slow down or restore the link to the simulated cloud'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "device" -d 'Register child devices, disable and remove them'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "credentials" -d 'Print the environment to run a module or device outside edgectl'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "check" -d 'Look at the engine, the ports and the solution'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "clean" -d 'Remove what simulations and builds of this solution left'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c edgectl -n "__fish_edgectl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -s h -l help -d 'Print help'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -f -a "solution" -d 'Start a solution in a new folder'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -f -a "module" -d 'Add a module to the solution'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -f -a "list" -d 'List the templates of modules'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -f -a "ci" -d 'Write a pipeline that checks, builds, tests and releases the solution'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and not __fish_seen_subcommand_from solution module list ci help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from solution" -l format -d 'Format of the deployment template: `json` or `yaml` [default: json]' -r -f -a "json\t''
yaml\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from solution" -l registry -d 'Registry of the images, such as `example.azurecr.io` [default: `localhost:5000`]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from solution" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from solution" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from solution" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from solution" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from solution" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from solution" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from solution" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -s t -l template -d 'Template to begin from, one of `edgectl new list`' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -l from -d 'Template of your own: a folder with `template.yaml` and `files/`, or a git repository' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -l set -d 'Value of a parameter of the template (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -l image -d 'Existing image, taken as it is: no source is made' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -l dry-run -d 'Show what would be made, and write nothing'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from module" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from list" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from list" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from list" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from ci" -l set -d 'Value of a parameter: `branch`, `platforms`, `repository` or `tag` (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from ci" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from ci" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from ci" -l dry-run -d 'Show what would be made, and write nothing'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from ci" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from ci" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from ci" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from ci" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from ci" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from help" -f -a "solution" -d 'Start a solution in a new folder'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from help" -f -a "module" -d 'Add a module to the solution'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the templates of modules'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from help" -f -a "ci" -d 'Write a pipeline that checks, builds, tests and releases the solution'
complete -c edgectl -n "__fish_edgectl_using_subcommand new; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -s P -l platform -d 'Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -s f -l file -d 'Deployment template or manifest that names the modules [default: the solution\'s template]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l tag -d 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l set -d 'Variable of the template (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -s j -l jobs -d 'Images at a time [default: one for each core]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l build-arg -d 'Build argument; without `=VALUE` from the environment (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l secret -d 'Secret for `RUN --mount=type=secret`: `id=NAME,src=PATH` or `id=NAME,env=VARIABLE` (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l ssh -d 'SSH agent for `RUN --mount=type=ssh`: `default`, or `ID=SOCKET` (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l builder -d 'Builder: `auto`, `buildkit` or `classic` [default: auto, or as `DOCKER_BUILDKIT` says]' -r -f -a "auto\t''
buildkit\t''
classic\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l debug -d 'The images with a debugger, of `<platform>.debug` in `module.json`, where a module has one'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l manifest-list -d 'With a push: also one name without platform for the images of all platforms, for `deploy --platform multi`'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l fail-fast -d 'Cancel the others when one fails [default: they finish]'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l push -d 'Push each image that was built'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l no-cache -d 'Run every step, whatever earlier builds left'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l pull -d 'Look for newer base images in their registries'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand build" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -s P -l platform -d 'Platform of the images (can be repeated) [default: `DEFAULT_PLATFORM`, or amd64]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -s f -l file -d 'Deployment template or manifest that names the modules [default: the solution\'s template]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -l tag -d 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -l set -d 'Variable of the template (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -s j -l jobs -d 'Images at a time [default: one for each core]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -l debug -d 'The images with a debugger, of `<platform>.debug` in `module.json`, where a module has one'
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -l manifest-list -d 'With a push: also one name without platform for the images of all platforms, for `deploy --platform multi`'
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -l fail-fast -d 'Cancel the others when one fails [default: they finish]'
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -s f -l file -d 'Deployment template or finished manifest [default: the solution\'s template]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -s P -l platform -d 'Platform of images that name none [default: `DEFAULT_PLATFORM`, or amd64]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l out -d 'File to write, `-` for standard output [default: `config/deployment.<PLATFORM>.json`]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l allow -d 'Kind of warning to leave out, such as `image-tag` (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l only -d 'Module to make a layer of, with its routes and its twin (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l merge -d 'Compose a deployment and its layers as IoT Hub does, the highest priority last' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l diff -d 'Tell what differs in meaning from a template or manifest: exit code 0 if nothing, else 1' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l tag -d 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l set -d 'Variable of the template (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l hub -d 'IoT Hub [default: that of the connection string], or `simulation` for the running one' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -s d -l device -d 'Device to deploy to [default: in the simulation the main one]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l target-condition -d 'Devices to deploy to: a condition on their twins such as `tags.site=\'hall1\'`, or `*`' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l id -d 'Name of the deployment; one that exists gets the new condition, priority, labels and metrics' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l priority -d 'Its priority: of several deployments for a device the highest wins' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l label -d 'Label of the deployment (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l metric -d 'Query that counts devices, under a name (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l hub-connection-string -d 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l timeout -d 'How long the hub may take to answer [default: 60s]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l check -d 'Only check, and write nothing'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l deny-warnings -d 'Refuse warnings, too'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l apply -d 'Deploy it instead of writing it'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l layered -d 'It is a layer over other deployments: keys such as `properties.desired.modules.NAME`'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l with-secrets -d 'Write passwords of registries, too, into a file that only you may read'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l redact -d 'Take out whatever looks like a secret, in environments and twins of modules, too'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l no-chunks -d 'Write createOptions in one piece, as IoT Central wants them; at most 4096 bytes fit'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l pin -d 'Name every image by its digest: those of the solution by `images.lock`, others by their registries'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l refresh -d 'Ask the registries for the digests of the solution\'s own images, too'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand deploy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -f -a "list" -d 'List the deployments, the highest priority first'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -f -a "show" -d 'Show a deployment: what the hub keeps of it, as JSON'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -f -a "delete" -d 'Delete a deployment, if nobody changes it meanwhile'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and not __fish_seen_subcommand_from list show delete help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from list" -l hub -d 'IoT Hub [default: that of the connection string]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from list" -l hub-connection-string -d 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from list" -l timeout -d 'How long the hub may take to answer [default: 60s]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from list" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from list" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from list" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -l hub -d 'IoT Hub [default: that of the connection string]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -l hub-connection-string -d 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -l timeout -d 'How long the hub may take to answer [default: 60s]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -l with-secrets -d 'Show passwords of registries, too'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from delete" -l hub -d 'IoT Hub [default: that of the connection string]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from delete" -l hub-connection-string -d 'Connection string of a policy of the hub [default: `IOTHUB_CONNECTION_STRING`]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from delete" -l timeout -d 'How long the hub may take to answer [default: 60s]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from delete" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from delete" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from delete" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the deployments, the highest priority first'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a deployment: what the hub keeps of it, as JSON'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Delete a deployment, if nobody changes it meanwhile'
complete -c edgectl -n "__fish_edgectl_using_subcommand deployment; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -s f -l file -d 'Deployment template or finished manifest [default: the solution\'s template]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l runtime -d 'How modules run: `auto`, `docker` or `process`; for one module `MODULE=…` (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -s d -l device -d 'Id of the device [default: `EDGE_DEVICE_ID`, or the folder\'s name]; `ID=FILE` adds a device (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -s P -l platform -d 'Platform of the images [default: `DEFAULT_PLATFORM`, or the engine\'s own]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l tag -d 'Suffix of image tags, after the version [default: `CONTAINER_TAG`]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l set -d 'Variable of the template (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l address -d 'Address to listen on, `auto` for the first free loopback one [default: 127.0.0.1]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l metrics-port -d 'Port of the metrics of hub and agent, or `off` [default: 9600]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l workload -d 'How containers reach the workload API: `auto`, `socket` or `http` [default: auto]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l debug -d 'Run this module\'s image with its debugger (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l external -d 'Leave the start of this module to you, with `edgectl credentials` (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l only -d 'Run only this module (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l without -d 'Leave this module out (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l wait -d 'With `--detach`: return when every module is `connected`' -r -f -a "connected\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l max-clients -d 'Refuse further clients while so many are connected [default: no limit]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l duration -d 'End after this time, such as `10s`, `5m` or `1h`' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l fail-on -d 'End with exit code 4 on a module\'s first `exit` or `backoff`' -r -f -a "exit\t''
backoff\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l input-port -d 'Take messages for the one `--external` module at this port [53000]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l time-scale -d 'Divide the agent\'s pauses by this number, for tests' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l upstream -d 'Link to the cloud at the start: `online` or `offline`, as `edgectl upstream` changes it' -r -f -a "online\t''
offline\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l max-storage -d 'Refuse messages while those that wait take this much, such as `500MB` [default: the manifest\'s limit, or none]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l durability -d 'What an acknowledged message survives: the end of this `process`, or with `fsync` that of the machine' -r -f -a "process\t''
fsync\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l no-build -d 'Build no image; one that is missing is an error, one that is out of date a warning'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l no-setup -d 'Skip the setup commands of processes (pip, npm, cargo)'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l detach -d 'Run in the background, and return when every module is started'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l reset -d 'Forget the keys, twins and messages of earlier runs first'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l ephemeral -d 'Keep nothing of this run'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l demo -d 'Run the solution inside this program: a sensor, a filter and a route upstream'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand simulate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand ps" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand ps" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand ps" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand ps" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand ps" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand ps" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand ps" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand logs" -l tail -d 'Only the last N lines of each module' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand logs" -l since -d 'Only what is not older than this, such as `30s` or `5m`' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand logs" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand logs" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand logs" -s f -l follow -d 'Wait for new lines and show them'
complete -c edgectl -n "__fish_edgectl_using_subcommand logs" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand logs" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand logs" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand logs" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand restart" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand restart" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand restart" -l build -d 'Build its image, or run its setup, first'
complete -c edgectl -n "__fish_edgectl_using_subcommand restart" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand restart" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand restart" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand restart" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand stop" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand stop" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand stop" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand stop" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand stop" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand stop" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -f -a "show" -d 'Show a twin'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -f -a "patch" -d 'Merge desired properties; `null` removes one'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -f -a "replace" -d 'Replace all desired properties'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and not __fish_seen_subcommand_from show patch replace help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from show" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from show" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from show" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from show" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from patch" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from patch" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from patch" -l document -d 'Take the form of the service: `{"properties":{"desired":{…}},"tags":{…}}`, or all that `twin show` prints'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from patch" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from patch" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from patch" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from patch" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from patch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from replace" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from replace" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from replace" -l document -d 'Take the form of the service: `{"properties":{"desired":{…}},"tags":{…}}`, or all that `twin show` prints'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from replace" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from replace" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from replace" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from replace" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from replace" -s h -l help -d 'Print help'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a twin'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from help" -f -a "patch" -d 'Merge desired properties; `null` removes one'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from help" -f -a "replace" -d 'Replace all desired properties'
complete -c edgectl -n "__fish_edgectl_using_subcommand twin; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c edgectl -n "__fish_edgectl_using_subcommand call" -l payload -d 'Payload: JSON, `@FILE`, or `-` for standard input [default: null]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand call" -l timeout -d 'Time to wait for the answer' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand call" -l connect-timeout -d 'Time to wait until the target is connected' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand call" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand call" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand call" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand call" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand call" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand call" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand call" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -l data -d 'Body of the message [default: empty]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -s f -l file -d 'File with the body, or `-` for standard input' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -s p -l property -d 'Application property (can be repeated)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -l content-type -d 'Content type [default: `application/json` if the body is JSON]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -l content-encoding -d 'Content encoding [default: `utf-8` if the body is JSON]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -l message-id -d 'Message id [default: none, or a new one with `--ack`]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -l ack -d 'Of which ends of a message to a device there is feedback: `none`, `positive`, `negative` or `full`' -r -f -a "none\t''
positive\t''
negative\t''
full\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -l expires-in -d 'How long a message to a device lives, up to 2d [default: 1h]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -l from -d 'Only from this `[DEVICE/]MODULE`, `[DEVICE/]MODULE/outputs/OUTPUT` or `devices/DEVICE`' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -l to -d 'Only to `upstream` or `[DEVICE/]MODULE/inputs/INPUT`' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -l since -d 'Begin with what came since the `start`, or since a duration such as `5m`; 1,000 at most' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -l count -d 'End after this many messages' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -l timeout -d 'End after this time; with fewer messages than `--count` the exit code is 1' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -l feedback -d 'What became of messages to devices, instead of messages'
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand monitor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand upstream" -l for -d 'Bring the cut link back after this time' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand upstream" -l latency -d 'Time that everything takes, each way, up to 9s' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand upstream" -s d -l device -d 'Edge device whose link it is [default: the main one]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand upstream" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand upstream" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand upstream" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand upstream" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand upstream" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand upstream" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand upstream" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -f -a "add" -d 'Register a child device'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -f -a "list" -d 'List the child devices'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -f -a "disable" -d 'Let a child device connect no more'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -f -a "enable" -d 'Let a child device connect again'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -f -a "purge" -d 'Remove the cloud-to-device messages that wait for a child device'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -f -a "remove" -d 'Remove a child device'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and not __fish_seen_subcommand_from add list disable enable purge remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -l parent -d 'Edge device that it connects through [default: the simulated one]' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -l auth -d 'Proof of who it is: `sas` or `x509` [default: sas, or x509 with `--thumbprint`]' -r -f -a "sas\t'Tokens signed with a key'
x509\t'A certificate that the device signed itself'"
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -l thumbprint -d 'SHA-1 or SHA-256 of its certificate (can be repeated once: a second one serves to change certificates)' -r
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -l edge -d 'An edge device, whose own IoT Edge runs elsewhere: with a scope and children of its own'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -l disabled -d 'Refuse the device whatever it shows'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from list" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from list" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from list" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from disable" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from disable" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from disable" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from disable" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from disable" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from enable" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from enable" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from enable" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from enable" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from enable" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from purge" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from purge" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from purge" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from purge" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from purge" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from purge" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from remove" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from remove" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from remove" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from help" -f -a "add" -d 'Register a child device'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the child devices'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from help" -f -a "disable" -d 'Let a child device connect no more'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from help" -f -a "enable" -d 'Let a child device connect again'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from help" -f -a "purge" -d 'Remove the cloud-to-device messages that wait for a child device'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a child device'
complete -c edgectl -n "__fish_edgectl_using_subcommand device; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c edgectl -n "__fish_edgectl_using_subcommand credentials" -l format -d 'Format: `env`, `json` or `connection-string`' -r -f -a "env\t'`export NAME=\'VALUE\'` lines for a shell'
json\t'`{"NAME":"VALUE"}`'
connection-string\t'The connection string alone'"
complete -c edgectl -n "__fish_edgectl_using_subcommand credentials" -l auth -d 'Proof of who the module is: `workload`, `connection-string` or `both`' -r -f -a "workload\t'Tokens signed by the workload API'
connection-string\t'Tokens made with the module\'s own key'
both\t'The environment of both'"
complete -c edgectl -n "__fish_edgectl_using_subcommand credentials" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand credentials" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand credentials" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand credentials" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand credentials" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand credentials" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand credentials" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand check" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand check" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand check" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand check" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand check" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand check" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -l images -d 'Remove the images that `edgectl build` made, too'
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -l state -d 'Remove `.edgectl/`, too: identities, twins, waiting messages, child devices'
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -l all -d 'Remove what was made for any solution, wherever it lies; `--state` stays with this one'
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -l dry-run -d 'Only tell what would be removed'
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand clean" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand completions" -s C -l project -d 'Folder of the solution [default: the current one]' -r -F
complete -c edgectl -n "__fish_edgectl_using_subcommand completions" -l color -d 'Colour stderr: `auto` (heeds `NO_COLOR`), `always` or `never` [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c edgectl -n "__fish_edgectl_using_subcommand completions" -l json -d 'Print JSON: one document, or one record a line for a stream; errors too'
complete -c edgectl -n "__fish_edgectl_using_subcommand completions" -s q -l quiet -d 'Tell no steps and no hints'
complete -c edgectl -n "__fish_edgectl_using_subcommand completions" -s v -l verbose -d 'Tell more (can be repeated)'
complete -c edgectl -n "__fish_edgectl_using_subcommand completions" -s y -l yes -d 'Never prompt: take the default, or yes'
complete -c edgectl -n "__fish_edgectl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "new" -d 'Start a solution, add a module to it, or a pipeline'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "build" -d 'Build the images of modules'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "push" -d 'Push the images of modules'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "deploy" -d 'Write the deployment manifest of the solution'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "deployment" -d 'List, show and delete the deployments of an IoT Hub'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "simulate" -d 'Run the solution on a simulated edge device'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "ps" -d 'List the modules of the running simulation'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "logs" -d 'Show what the modules of the running simulation printed'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "restart" -d 'Restart a module of the running simulation'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "stop" -d 'Stop the running simulation'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "twin" -d 'Show or change a twin'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "call" -d 'Call a direct method of a module or device'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "send" -d 'Send a message to a module or device, or as if a module had sent it'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "monitor" -d 'Watch messages of the running simulation'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "upstream" -d 'Cut, slow down or restore the link to the simulated cloud'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "device" -d 'Register child devices, disable and remove them'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "credentials" -d 'Print the environment to run a module or device outside edgectl'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "check" -d 'Look at the engine, the ports and the solution'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "clean" -d 'Remove what simulations and builds of this solution left'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and not __fish_seen_subcommand_from new build push deploy deployment simulate ps logs restart stop twin call send monitor upstream device credentials check clean completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from new" -f -a "solution" -d 'Start a solution in a new folder'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from new" -f -a "module" -d 'Add a module to the solution'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from new" -f -a "list" -d 'List the templates of modules'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from new" -f -a "ci" -d 'Write a pipeline that checks, builds, tests and releases the solution'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from deployment" -f -a "list" -d 'List the deployments, the highest priority first'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from deployment" -f -a "show" -d 'Show a deployment: what the hub keeps of it, as JSON'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from deployment" -f -a "delete" -d 'Delete a deployment, if nobody changes it meanwhile'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from twin" -f -a "show" -d 'Show a twin'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from twin" -f -a "patch" -d 'Merge desired properties; `null` removes one'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from twin" -f -a "replace" -d 'Replace all desired properties'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from device" -f -a "add" -d 'Register a child device'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from device" -f -a "list" -d 'List the child devices'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from device" -f -a "disable" -d 'Let a child device connect no more'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from device" -f -a "enable" -d 'Let a child device connect again'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from device" -f -a "purge" -d 'Remove the cloud-to-device messages that wait for a child device'
complete -c edgectl -n "__fish_edgectl_using_subcommand help; and __fish_seen_subcommand_from device" -f -a "remove" -d 'Remove a child device'
