package com.microsoft.azure.sdk.iot.device.twin;

import java.util.HashMap;

public class TwinCollection extends HashMap<String, Object> {}
