package com.microsoft.azure.sdk.iot.device.twin;

public class DirectMethodPayload {}
