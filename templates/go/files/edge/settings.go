package edge

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const (
	connectionString = "EdgeHubConnectionString"
	caFile           = "EdgeModuleCACertificateFile"
	workloadURI      = "IOTEDGE_WORKLOADURI"
)

// Settings say who the module is and where its hub is.
type Settings struct {
	// The IoT Hub, which tokens and the user name speak of.
	hub    string
	device string
	module string
	// The host that is connected to.
	gateway  string
	identity identity
}

// FromEnvironment reads a connection string if there is one, else what the runtime sets for the workload API.
func FromEnvironment(getenv func(string) string) (*Settings, error) {
	if text := getenv(connectionString); text != "" {
		return fromConnectionString(text, getenv(caFile))
	}
	uri := getenv(workloadURI)
	if uri == "" {
		return nil, fmt.Errorf("neither %s nor %s is set: start the module in IoT Edge", workloadURI, connectionString)
	}
	read := variables{get: getenv}
	settings := &Settings{
		hub:     read.need("IOTEDGE_IOTHUBHOSTNAME"),
		device:  read.need("IOTEDGE_DEVICEID"),
		module:  read.need("IOTEDGE_MODULEID"),
		gateway: read.need("IOTEDGE_GATEWAYHOSTNAME"),
	}
	generation := read.need("IOTEDGE_MODULEGENERATIONID")
	if read.err != nil {
		return nil, read.err
	}
	workload, err := newWorkload(uri, settings.module, generation)
	settings.identity = workload
	return settings, err
}

func fromConnectionString(text, caFile string) (*Settings, error) {
	fields := map[string]string{}
	for _, field := range strings.Split(text, ";") {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	for _, name := range []string{"HostName", "DeviceId", "ModuleId", "GatewayHostName", "SharedAccessKey"} {
		if fields[name] == "" {
			return nil, fmt.Errorf("%s has no field %s", connectionString, name)
		}
	}
	if caFile == "" {
		return nil, errors.New("the variable EdgeModuleCACertificateFile is not set")
	}
	secret, err := base64.StdEncoding.DecodeString(fields["SharedAccessKey"])
	if err != nil {
		return nil, fmt.Errorf("SharedAccessKey of %s is not base64", connectionString)
	}
	return &Settings{
		hub:      fields["HostName"],
		device:   fields["DeviceId"],
		module:   fields["ModuleId"],
		gateway:  fields["GatewayHostName"],
		identity: key{secret: secret, caFile: caFile},
	}, nil
}

// variables remembers the first one that is missing.
type variables struct {
	get func(string) string
	err error
}

func (v *variables) need(name string) string {
	value := v.get(name)
	if value == "" && v.err == nil {
		v.err = fmt.Errorf("the variable %s is not set", name)
	}
	return value
}
